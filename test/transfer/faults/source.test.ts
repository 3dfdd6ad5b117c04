// @module-tag heavy

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasty, type Landing, startLanding } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { type FaultRule, faults, startSourceServer } from '#test/helpers/source-server.ts';
import { type Landed, type Source, type TransferOptions, transfer } from '#transfer/index.ts';

const MIB = 1_048_576;
const LENGTH = 11 * MIB + 5;
const OPTIONS: TransferOptions = { guard: LOOPBACK, bufferBytes: 5 * MIB, connections: 3 };
/** The second part begins at the same offset. */
const PIPED: TransferOptions = { guard: LOOPBACK, bufferBytes: 2 * MIB, partBytes: 5 * MIB, connections: 3 };
const SECOND = 5 * MIB;

let landing: Landing;
beforeAll(async () => {
  landing = await startLanding();
});
afterAll(() => landing[Symbol.asyncDispose]());

interface Case {
  readonly name: string;
  readonly rules: readonly FaultRule[];
  /** @default 11 MiB and some bytes: three parts */
  readonly length?: number;
  readonly source?: Partial<Source>;
  readonly path?: string;
  /** The error's name; without it the identical object has to land. */
  readonly error?: string;
  readonly landed?: Partial<Landed>;
  /** The number of GETs without a range; `requests` is the number of all of them. */
  readonly plainGets?: number;
  readonly requests?: number;
}

const at = (offset: number, nth: number | readonly number[] = 1) => ({ offset, nth });
const first = at(0);
const second = at(SECOND);
const always = {};
const ranged = { ranged: true };
/** A busy machine adds no request to those that are counted. */
const COUNTED: Partial<Source> = { limits: { idleSeconds: 60, headSeconds: 60, connectSeconds: 60 } };
const inOneStreamAfterAll = { notes: [expect.stringMatching(/one stream/) as unknown as string] };

/** What goes wrong while parts are read by range. */
const inRanges: Case[] = [
  { name: 'a part cut by FIN', rules: [{ when: second, faults: faults.cut(1_000_000) }] },
  { name: 'a part cut by RST', rules: [{ when: second, faults: faults.cut(1_000_000, 'reset') }] },
  { name: 'a part cut before its first byte', rules: [{ when: second, faults: faults.cut(0) }] },
  {
    name: 'a part cut three times',
    rules: [{ when: { offset: (o) => o > SECOND, nth: [1, 2, 3] }, faults: faults.cut(100_000) }],
  },
  { name: 'a head cut off', rules: [{ when: second, faults: faults.cutHead(20) }] },
  { name: 'no answer at all', rules: [{ when: second, faults: faults.cutHead(0, 'reset') }] },
  { name: 'a head that never ends', rules: [{ when: second, faults: faults.cutHead(20, 'stall') }] },
  { name: 'a part that stalls', rules: [{ when: second, faults: faults.stall(1_000_000) }] },
  {
    name: 'a part that drips',
    rules: [{ when: second, faults: faults.drip(2_000) }],
    source: { limits: { minSpeedSeconds: 0.5, minBytesPerSecond: 20_000 } },
  },
  { name: '500 once', rules: [{ when: second, faults: faults.status(500) }] },
  { name: '502 twice', rules: [{ when: at(SECOND, [1, 2]), faults: faults.status(502) }] },
  { name: '503 with Retry-After in seconds', rules: [{ when: second, faults: faults.status(503, { retryAfter: 1 }) }] },
  {
    name: '429 with Retry-After as a date',
    rules: [{ when: second, faults: faults.status(429, { retryAfter: new Date(Date.now() + 1_000).toUTCString() }) }],
  },
  {
    name: '500 for ever',
    rules: [{ when: { offset: SECOND }, faults: faults.status(500) }],
    error: 'SourceUnavailableError',
  },
  {
    name: '503 for ever',
    rules: [{ when: { offset: SECOND }, faults: faults.status(503) }],
    error: 'SourceUnavailableError',
  },
  {
    name: '404 in the middle',
    rules: [{ when: { offset: SECOND }, faults: faults.status(404) }],
    error: 'SourceRefusedError',
  },
  {
    name: '403 in the middle',
    // A firewall that takes no Range answers so: the plain GET that follows lands.
    rules: [{ when: { offset: SECOND }, faults: faults.status(403) }],
    landed: inOneStreamAfterAll,
    plainGets: 1,
  },
  ...[400, 405, 501].map((status) => ({
    name: `${status} to ranges in the middle`,
    rules: [{ when: { offset: SECOND }, faults: faults.status(status) }],
    landed: inOneStreamAfterAll,
    plainGets: 1,
  })),
  ...[400, 403, 405, 501].map((status) => ({
    name: `${status} to ranges in the middle, and to the plain GET after them`,
    rules: [
      { when: { offset: SECOND }, faults: faults.status(status) },
      { when: { ranged: false }, faults: faults.status(status) },
    ],
    error: 'SourceRefusedError',
    plainGets: 1,
  })),
  ...[520, 528, 599].map((status) => ({
    name: `${status} once`,
    rules: [{ when: second, faults: faults.status(status) }],
  })),
  { name: '204 instead of a range', rules: [{ when: second, faults: faults.status(204) }] },
  {
    name: 'a range answered by 200 and everything, twice',
    rules: [{ when: at(SECOND, [1, 2]), faults: faults.ignoreRange() }],
    landed: { notes: [] },
    plainGets: 0,
  },
  {
    name: 'a range answered by 200 and everything three times, then by the range',
    rules: [{ when: at(SECOND, [1, 2, 3]), faults: faults.ignoreRange() }],
    landed: inOneStreamAfterAll,
    plainGets: 1,
  },
  {
    name: 'ranges given up for good',
    rules: [{ when: { offset: (o) => o > 0 }, faults: faults.ignoreRange() }],
    landed: inOneStreamAfterAll,
    plainGets: 1,
  },
  { name: 'Content-Range missing', rules: [{ when: second, faults: faults.contentRange('missing') }] },
  { name: 'Content-Range of another offset', rules: [{ when: second, faults: faults.contentRange('offset') }] },
  { name: 'Content-Range of another total', rules: [{ when: second, faults: faults.contentRange('total') }] },
  { name: 'Content-Range without a total', rules: [{ when: second, faults: faults.contentRange('unknown-total') }] },
  { name: 'Content-Range in another unit', rules: [{ when: second, faults: faults.contentRange('unit') }] },
  { name: 'Content-Range of another end', rules: [{ when: second, faults: faults.contentRange('end') }] },
  { name: 'Content-Range of words', rules: [{ when: second, faults: faults.contentRange('garbage') }] },
  { name: 'Content-Range twice', rules: [{ when: second, faults: faults.contentRange('twice') }] },
  { name: 'ranges that are short but correct', rules: [{ when: ranged, faults: faults.shortRange(2 * MIB) }] },
  { name: 'multipart/byteranges', rules: [{ when: second, faults: faults.multipartByteranges() }] },
  { name: 'too many bytes, said so', rules: [{ when: second, faults: faults.bodyBytes(7) }] },
  { name: 'too few bytes, said so', rules: [{ when: second, faults: faults.bodyBytes(-7) }] },
  { name: 'too many bytes in chunks', rules: [{ when: second, faults: [faults.bodyBytes(7), faults.chunked()] }] },
  { name: 'too few bytes in chunks', rules: [{ when: second, faults: [faults.bodyBytes(-7), faults.chunked()] }] },
  { name: 'a Content-Length that is too large', rules: [{ when: second, faults: faults.contentLength(7) }] },
  { name: 'a Content-Length that is too small', rules: [{ when: second, faults: faults.contentLength(-7) }] },
  {
    name: 'two Content-Lengths that conflict',
    rules: [{ when: second, faults: faults.twoContentLengths('conflicting') }],
  },
  { name: '416 in the middle', rules: [{ when: second, faults: faults.rangeNotSatisfiable('bytes */5') }] },
  { name: '304 unasked', rules: [{ when: second, faults: faults.notModified() }] },
  { name: 'gzip although identity was asked for', rules: [{ when: second, faults: faults.gzip() }] },
  { name: 'ranges in chunks', rules: [{ when: ranged, faults: faults.chunked() }] },
  { name: 'a range that only the close ends', rules: [{ when: ranged, faults: faults.closeDelimited() }] },
  { name: 'a close after each answer', rules: [{ when: always, faults: faults.connectionClose() }] },
  { name: 'an unannounced close after each answer', rules: [{ when: always, faults: faults.silentClose() }] },
  { name: 'a late 408 on the idle connection', rules: [{ when: always, faults: faults.late408(5) }] },
  { name: 'provisional answers', rules: [{ when: always, faults: faults.interim(103, 3) }] },
  { name: 'a head of 200 KB', rules: [{ when: second, faults: faults.hugeHeaders(200_000) }] },
  { name: 'a header without a colon', rules: [{ when: second, faults: faults.headerGarbage('no colon') }] },
  { name: 'a header with a zero byte', rules: [{ when: second, faults: faults.headerGarbage('zero byte') }] },
  { name: 'both framings at once', rules: [{ when: second, faults: faults.headerGarbage('both framings') }] },
  { name: 'chunks that are no chunks', rules: [{ when: second, faults: faults.badChunks('size-not-hex') }] },
  { name: 'chunks without the last one', rules: [{ when: second, faults: faults.badChunks('no-last-chunk') }] },
  { name: 'a slow head', rules: [{ when: second, faults: faults.delay(300) }] },
];

/** What is odd from the first answer on. */
const atTheProbe: Case[] = [
  { name: 'a probe cut by RST', rules: [{ when: first, faults: faults.cut(1_000_000, 'reset') }] },
  { name: 'a probe that stalls', rules: [{ when: first, faults: faults.stall(1_000_000) }] },
  { name: '503 before it works', rules: [{ when: at(0, [1, 2]), faults: faults.status(503, { retryAfter: 0 }) }] },
  {
    name: '503 with a Retry-After of an hour',
    rules: [{ when: always, faults: faults.status(503, { retryAfter: 3_600 }) }],
    error: 'SourceAsksToWaitError',
  },
  ...[507, 508, 509, 520, 521, 522, 523, 524, 525, 526, 527, 528, 529, 530, 599].map((status) => ({
    name: `${status} before it works`,
    rules: [{ when: first, faults: faults.status(status) }],
  })),
  ...[400, 403, 405, 501].map((status) => ({
    name: `${status} to ranges`,
    rules: [{ when: ranged, faults: faults.status(status) }],
    plainGets: 1,
    requests: 2,
  })),
  ...[400, 403, 405, 501].map((status) => ({
    name: `${status} to everything`,
    rules: [{ when: always, faults: faults.status(status) }],
    error: 'SourceRefusedError',
    plainGets: 1,
    requests: 2,
  })),
  { name: '505', rules: [{ when: always, faults: faults.status(505) }], error: 'SourceRefusedError' },
  { name: '500 for ever', rules: [{ when: always, faults: faults.status(500) }], error: 'SourceUnavailableError' },
  { name: '404', rules: [{ when: always, faults: faults.status(404) }], error: 'SourceRefusedError' },
  { name: '401', rules: [{ when: always, faults: faults.status(401) }], error: 'SourceRefusedError' },
  { name: '204', rules: [{ when: always, faults: faults.status(204) }], error: 'SourceUnavailableError' },
  {
    name: '304 unasked for ever',
    rules: [{ when: always, faults: faults.notModified() }],
    error: 'SourceUnavailableError',
  },
  { name: 'a first range that is short but correct', rules: [{ when: first, faults: faults.shortRange(1_000) }] },
  { name: 'a first range without Content-Range', rules: [{ when: ranged, faults: faults.contentRange('missing') }] },
  { name: 'a first range of another offset', rules: [{ when: ranged, faults: faults.contentRange('offset') }] },
  { name: 'ranges of unknown total', rules: [{ when: ranged, faults: faults.contentRange('unknown-total') }] },
  { name: 'multipart/byteranges', rules: [{ when: ranged, faults: faults.multipartByteranges() }] },
  {
    name: '416 of an empty file',
    length: 0,
    rules: [{ when: ranged, faults: faults.rangeNotSatisfiable('bytes */0') }],
  },
  {
    name: '416 although there is something',
    rules: [{ when: ranged, faults: faults.rangeNotSatisfiable('bytes */99') }],
  },
  { name: '416 without Content-Range', rules: [{ when: ranged, faults: faults.rangeNotSatisfiable(null) }] },
  { name: 'a weak ETag', rules: [{ when: always, faults: faults.etag('W/"weak"') }] },
  { name: 'no ETag, but an old Last-Modified', rules: [{ when: always, faults: faults.etag(null) }] },
  { name: 'no ETag, and a Last-Modified of just now', rules: [{ when: always, faults: faults.onlyLastModified(5) }] },
  { name: 'no validator at all', rules: [{ when: always, faults: faults.onlyLastModified(null) }] },
  {
    name: 'no validator and a small body',
    length: 1_000,
    rules: [{ when: always, faults: faults.onlyLastModified(null) }],
  },
  { name: 'a redirect loop', rules: [{ when: always, faults: faults.redirect('/file') }], error: 'RedirectError' },
  {
    name: 'eleven redirects',
    path: '/start',
    rules: faults.redirectChain('/start', 11, '/file'),
    error: 'RedirectError',
  },
  { name: 'ten redirects', path: '/start', rules: faults.redirectChain('/start', 10, '/file') },
  {
    name: 'a redirect to another scheme',
    rules: [{ when: always, faults: faults.redirect('ftp://example.com/x') }],
    error: 'RedirectError',
  },
  {
    name: 'a redirect without Location',
    rules: [{ when: always, faults: faults.status(302) }],
    error: 'RedirectError',
  },
  {
    name: 'a redirect that expires after each two requests',
    path: '/start',
    rules: faults.expiringRedirect('/start', '/file', 2),
  },
  { name: 'a header with a bare line feed', rules: [{ when: first, faults: faults.headerGarbage('bare line feed') }] },
  { name: 'a folded header', rules: [{ when: first, faults: faults.headerGarbage('folded') }] },
  { name: 'a header in Latin-1', rules: [{ when: always, faults: faults.headerGarbage('latin-1') }] },
];

/** What goes wrong with one stream. */
const plain = faults.ignoreRange();
const inOneStream: Case[] = [
  {
    name: 'a cut without ranges, once',
    rules: [
      { when: always, faults: plain },
      { when: { nth: 1 }, faults: faults.cut(9_000_000) },
    ],
  },
  {
    name: 'a cut without ranges, always',
    rules: [{ when: always, faults: [plain, faults.cut(9_000_000)] }],
    error: 'StreamBrokenError',
  },
  {
    name: 'a cut of chunks, always',
    rules: [{ when: always, faults: [plain, faults.chunked(), faults.cut(9_000_000)] }],
    error: 'StreamBrokenError',
  },
  {
    name: 'chunks without the last one',
    rules: [{ when: always, faults: [plain, faults.badChunks('no-last-chunk')] }],
    error: 'StreamBrokenError',
  },
  {
    name: 'chunks that are no chunks',
    rules: [{ when: always, faults: [plain, faults.badChunks('no-crlf-after-chunk')] }],
    error: 'SourceUnavailableError',
  },
  {
    name: 'a chunk size that overflows',
    rules: [{ when: always, faults: [plain, faults.badChunks('size-overflow')] }],
    error: 'SourceUnavailableError',
  },
  {
    name: 'a stall without ranges, always',
    rules: [{ when: always, faults: [plain, faults.stall(9_000_000)] }],
    error: 'StreamBrokenError',
  },
  {
    name: 'a Content-Length that ends the body too early',
    rules: [{ when: always, faults: [plain, faults.contentLength(-7)] }],
    source: { expect: { bytes: LENGTH } },
    error: 'ProofFailedError',
  },
  {
    name: 'a body shorter than its Content-Length',
    rules: [{ when: always, faults: [plain, faults.contentLength(7)] }],
    error: 'StreamBrokenError',
  },
  {
    name: 'a cut where only the close ends the body',
    rules: [{ when: always, faults: [plain, faults.closeDelimited(), faults.cut(9_000_000)] }],
    source: { expect: { bytes: LENGTH } },
    error: 'ProofFailedError',
  },
  {
    name: 'a cut of a stream whose source resumes',
    rules: [{ when: { nth: 1 }, faults: [plain, faults.headers({ 'Accept-Ranges': 'bytes' }), faults.cut(9_000_000)] }],
  },
  { name: 'trailers', rules: [{ when: always, faults: [plain, faults.trailers({ 'X-After': 'all' })] }] },
  {
    name: 'a small body cut again and again',
    length: 1_000,
    rules: [{ when: always, faults: [plain, faults.cut(500)] }],
    error: 'SourceUnavailableError',
  },
];

/** Other versions of the file. */
const versions: Case[] = [
  {
    name: 'several backends with an ETag each',
    rules: [{ when: always, faults: faults.alternatingEtags('"a"', '"b"') }],
    landed: { notes: [expect.stringMatching(/several backends/) as unknown as string] },
  },
  {
    name: 'an ETag for each request, no date',
    rules: [
      {
        when: always,
        faults: [
          faults.alternatingEtags('"a"', '"b"', '"c"', '"d"', '"e"', '"f"', '"g"'),
          faults.version({ lastModified: null }),
        ],
      },
    ],
    landed: inOneStreamAfterAll,
  },
  {
    name: 'another origin',
    rules: [{ when: second, faults: faults.version({ length: LENGTH - 1, seed: 'other', etag: '"other"' }) }],
  },
  {
    name: 'other content under the same ETag, where a hash is expected',
    rules: [{ when: always, faults: faults.splice(6_000_000, 'other') }],
    source: { expect: { crc32: '00000000' } },
    error: 'ProofFailedError',
  },
];

describe.each([
  ['while parts are read', inRanges],
  ['while large parts are piped', inRanges],
  ['at the probe', atTheProbe],
  ['in one stream', inOneStream],
  ['between versions', versions],
])('%s', (group, cases) => {
  it.each(cases)(
    '$name → $error',
    async ({
      rules,
      length = LENGTH,
      source: more,
      path = '/file',
      error,
      landed: wanted,
      name,
      plainGets,
      requests,
    }) => {
      await using server = await startSourceServer({ file: { seed: 'v1', length }, rules });
      const key = `${group}/${name}`.replace(/[^a-z0-9/]/gi, '-');
      const source = hasty(`${server.origin}${path}`, plainGets === undefined ? more : COUNTED);
      const options = group === 'while large parts are piped' ? PIPED : OPTIONS;
      if (error === undefined) {
        const landed = await transfer(source, landing.destination(key), options);
        await landing.expectLanded(key, 'v1', length, landed);
        if (wanted !== undefined) expect(landed).toMatchObject(wanted);
      } else {
        await expect(transfer(source, landing.destination(key), options)).rejects.toMatchObject({ name: error });
        await landing.expectNothing(key);
      }
      if (plainGets !== undefined) {
        expect(server.requests.filter(({ range }) => range === undefined)).toHaveLength(plainGets);
      }
      if (requests !== undefined) expect(server.requests).toHaveLength(requests);
    },
  );
});
