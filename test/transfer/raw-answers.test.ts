import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasty, type Landing, startLanding } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { startRawServer } from '#test/helpers/raw-server.ts';
import { objectText } from '#test/helpers/s3-objects.ts';
import { type Landed, type Source, SourceAsksToWaitError, type TransferOptions, transfer } from '#transfer/index.ts';

/** Answers of a source as they go over the wire, and what has to come of them. */
interface RawAnswer {
  readonly name: string;
  readonly answer: string;
  /** What the source does next. @default nothing: the connection stays open */
  readonly after?: (socket: Socket) => void;
  readonly source?: Partial<Source>;
  /** The caller's signal aborts after so long. */
  readonly abortMilliseconds?: number;
  /** The body that lands, or what the error says. */
  readonly right: string | RegExp;
  /** Proofs that held. */
  readonly held?: string[];
}

const end = (socket: Socket) => socket.end();
const plenty = (socket: Socket) => socket.end(Buffer.alloc(1_000_000, 'x'));
const OK = 'HTTP/1.1 200 OK\r\n';
const WHOLE_206 = 'HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\nContent-Range: bytes 0-4/5\r\nETag: "a"\r\n';
const CHUNKS = '5\r\nabcde\r\n0\r\n\r\n';

const ANSWERS: RawAnswer[] = [
  {
    name: 'a body without a length, then silence',
    answer: `${OK}Connection: close\r\n\r\nabc`,
    source: { limits: { idleSeconds: 0.3 } },
    right: /sends neither a length nor chunks|sent nothing/,
  },
  {
    name: 'a body without a length, then an abort by the caller',
    answer: `${OK}Connection: close\r\n\r\nabc`,
    abortMilliseconds: 100,
    right: /the caller has had enough/,
  },
  {
    name: 'chunks without their end, then an abort by the caller',
    answer: `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n`,
    abortMilliseconds: 100,
    right: /the caller has had enough/,
  },
  {
    name: 'a 100 Continue that nobody asked for',
    answer: `HTTP/1.1 100 Continue\r\n\r\n${OK}Content-Length: 5\r\n\r\nabcde`,
    right: 'abcde',
  },
  {
    name: 'a 103 Early Hints, then chunks',
    answer: `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}Transfer-Encoding: chunked\r\n\r\n${CHUNKS}`,
    right: 'abcde',
  },
  {
    name: 'ten provisional answers, then chunks',
    answer: `${'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n'.repeat(5)}${OK}Transfer-Encoding: chunked\r\n\r\n${CHUNKS}`,
    right: 'abcde',
  },
  { name: 'more bytes than the length', answer: `${OK}Content-Length: 5\r\n\r\nabcdefghij`, right: /more bytes than/ },
  {
    name: 'more bytes than the length, then the end',
    answer: `${OK}Connection: close\r\nContent-Length: 5\r\n\r\nabcdefghij`,
    after: end,
    right: /more bytes than/,
  },
  {
    name: 'more bytes than the chunks',
    answer: `${OK}Transfer-Encoding: chunked\r\n\r\n${CHUNKS}fghij`,
    right: /more bytes than/,
  },
  ...['H', 'HTTP', 'HTTP/1.1 is a protocol', `${OK}Content-Length: 5\r\n\r\nfghij`].map(
    (more): RawAnswer => ({
      name: `more bytes than the length: ${JSON.stringify(more.slice(0, 24))}`,
      answer: `${OK}Content-Length: 5\r\n\r\nabcde${more}`,
      right: /more bytes than/,
    }),
  ),
  {
    name: 'more bytes than the chunks, which begin as an answer does',
    answer: `${OK}Transfer-Encoding: chunked\r\n\r\n${CHUNKS}H`,
    right: /more bytes than/,
  },
  {
    name: 'a 408 directly after the body',
    answer: `${OK}Content-Length: 5\r\n\r\nabcdeHTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n`,
    right: 'abcde',
  },
  {
    name: 'a megabyte more than the length',
    answer: `${OK}Content-Length: 5\r\n\r\nabcde`,
    after: plenty,
    right: /more bytes than/,
  },
  {
    name: 'the same length twice',
    answer: `${OK}Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde`,
    right: 'abcde',
  },
  {
    name: 'two lengths that differ',
    answer: `${OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef`,
    right: /Length/,
  },
  {
    name: 'a whole body as 206 with another Content-MD5',
    answer: `${WHOLE_206}Content-MD5: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\nabcde`,
    right: /proof "content-md5"/,
  },
  {
    name: 'a whole body as 206 with another Content-Digest',
    answer: `${WHOLE_206}Content-Digest: sha-256=:${'A'.repeat(43)}=:\r\n\r\nabcde`,
    right: /proof "content-digest sha-256"/,
  },
  {
    name: 'a whole body as 206 with its Content-MD5',
    answer: `${WHOLE_206}Content-MD5: q1a02StAcTrMWviZhdS3hg==\r\n\r\nabcde`,
    right: 'abcde',
    held: ['size', 'content-md5', 'crc32'],
  },
  {
    name: 'a chunk whose size has sixteen digits',
    answer: `${OK}Transfer-Encoding: chunked\r\n\r\n0000000000000005\r\nabcde\r\n0000000000000000\r\n\r\n`,
    right: 'abcde',
  },
  {
    name: '200 with the Content-Range of a part',
    answer: `${OK}Content-Length: 5\r\nContent-Range: bytes 0-4/9\r\n\r\nabcde`,
    right: /so its body is only a part of the file/,
  },
  {
    name: '200 with the Content-Range of the whole',
    answer: `${OK}Content-Length: 5\r\nContent-Range: bytes 0-4/5\r\n\r\nabcde`,
    right: 'abcde',
  },
  {
    name: '412 to a request without a condition',
    answer: 'HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n',
    right: /answered 412$/,
  },
  {
    name: '416 to every request',
    answer: 'HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */5\r\nContent-Length: 0\r\n\r\n',
    right: /answered 416$/,
  },
  {
    name: '203 with a body',
    answer: 'HTTP/1.1 203 Non-Authoritative Information\r\nContent-Length: 5\r\n\r\nabcde',
    right: 'abcde',
  },
  {
    name: '202 that says when to come again',
    answer: 'HTTP/1.1 202 Accepted\r\nRetry-After: 60\r\nContent-Length: 9\r\n\r\nnot ready',
    right: /asks to wait until/,
  },
  {
    name: '202 that is not ready in all attempts',
    answer: 'HTTP/1.1 202 Accepted\r\nRetry-After: 0\r\nContent-Length: 9\r\n\r\nnot ready',
    right: /asks to wait until/,
  },
  {
    name: '202 with nothing to wait for',
    answer: 'HTTP/1.1 202 Accepted\r\nContent-Length: 9\r\n\r\nwhat is it',
    right: /answered 202 to a GET|more bytes/,
  },
  ...['x-chunked', 'chunked, gzip', 'gzip', 'identity'].map(
    (coding): RawAnswer => ({
      name: `Transfer-Encoding ${coding}, cut`,
      answer: `${OK}Transfer-Encoding: ${coding}\r\nConnection: close\r\n\r\n`,
      after: plenty,
      right: new RegExp(`Transfer-Encoding: ${coding};`),
    }),
  ),
  ...['gzip, chunked', 'chunked, identity', 'chunked, chunked', 'deflate'].map(
    (coding): RawAnswer => ({
      name: `Transfer-Encoding ${coding} around chunks`,
      answer: `${OK}Transfer-Encoding: ${coding}\r\nConnection: close\r\n\r\n${CHUNKS}`,
      after: end,
      right: new RegExp(`Transfer-Encoding: ${coding};`),
    }),
  ),
  {
    name: 'Transfer-Encoding in two fields',
    answer: `${OK}Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}`,
    source: { allowUnprovenEnd: true },
    right: /Transfer-Encoding: gzip, chunked;/,
  },
  {
    name: 'Transfer-Encoding with a space of Latin-1 before it',
    answer: `${OK}Transfer-Encoding: \xa0chunked\r\n\r\n${CHUNKS}`,
    right: /Transfer-Encoding: \xa0chunked;/,
  },
  {
    name: 'Transfer-Encoding Chunked',
    answer: `${OK}Transfer-Encoding: Chunked\r\n\r\n${CHUNKS}`,
    right: 'abcde',
  },
];

let landing: Landing;
beforeAll(async () => {
  landing = await startLanding();
});
afterAll(() => landing[Symbol.asyncDispose]());

async function land(url: string, key: string, raw: Partial<RawAnswer>, options: TransferOptions = {}) {
  const stop = new AbortController();
  const timer =
    raw.abortMilliseconds === undefined
      ? undefined
      : setTimeout(() => stop.abort(new Error('the caller has had enough')), raw.abortMilliseconds);
  try {
    const given = hasty(url, { ...raw.source, limits: { attempts: 2, ...raw.source?.limits } });
    return await transfer(given, landing.destination(key), { guard: LOOPBACK, signal: stop.signal, ...options });
  } finally {
    clearTimeout(timer);
  }
}

async function expectRight(
  key: string,
  right: string | RegExp,
  landed: Promise<Landed>,
  held?: string[],
): Promise<void> {
  if (typeof right === 'string') {
    expect(await landed).toMatchObject({ status: 'landed', bytes: right.length });
    if (held !== undefined) expect((await landed).proofs.held).toEqual(held);
    expect(await objectText(landing.s3.client, landing.bucket, key)).toBe(right);
  } else {
    await expect(landed).rejects.toThrow(right);
    await landing.expectNothing(key);
  }
}

describe('an answer as it goes over the wire', () => {
  it.each(ANSWERS)('an answer on the wire: $name → $right', async (raw) => {
    await using server = await startRawServer((socket) => {
      socket.write(raw.answer, 'latin1');
      raw.after?.(socket);
    });
    await expectRight(raw.name, raw.right, land(server.url, raw.name, raw), raw.held);
  });

  it('an abort by the caller does not affect other transfers of the process, however often it happens', async () => {
    await using server = await startRawServer((socket) => {
      socket.write(`${OK}Connection: close\r\n\r\nabc`);
    });
    await using good = await startRawServer((socket) => {
      setTimeout(() => socket.write(`${OK}Content-Length: 5\r\n\r\nabcde`), 200);
    });
    const others = land(good.url, 'other', {});
    const aborted = Array.from({ length: 20 }, (_, n) =>
      land(server.url, `aborted-${n}`, { abortMilliseconds: 10 * n, source: { allowUnprovenEnd: true } }),
    );
    for (const outcome of await Promise.allSettled(aborted)) expect(outcome.status).toBe('rejected');
    await expectRight('other', 'abcde', others);
  });
});

describe('Retry-After', () => {
  const bodyOf = (path: string) => `${OK}Content-Length: ${path.length}\r\n\r\n${path}`;
  const tooMany = (value: string) =>
    `HTTP/1.1 429 Too Many Requests\r\nRetry-After: ${value}\r\nContent-Length: 0\r\n\r\n`;

  it.each([
    ['seconds', '99999999'],
    ['a date', 'Sat, 13 Sep 275760 00:00:00 GMT'],
    ['more digits than a number holds', '9'.repeat(400)],
  ])('Retry-After of one URL in %s stops that URL for minutes, and no other URL of its host', async (name, value) => {
    await using server = await startRawServer((socket, _connection, _request, text) => {
      const path = text.split(' ')[1] ?? '';
      socket.write(path === '/bad' ? tooMany(value) : bodyOf(path));
    });
    const { origin } = new URL(server.url);
    for (let time = 0; time < 2; time++) {
      const error = await land(`${origin}/bad`, 'bad', {}).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(SourceAsksToWaitError);
      const seconds = ((error as SourceAsksToWaitError).waitUntil.getTime() - Date.now()) / 1_000;
      expect(seconds).toBeGreaterThan(60);
      expect(seconds).toBeLessThanOrEqual(300);
    }
    await expectRight(`retry-after-${name}`, '/good', land(`${origin}/good`, `retry-after-${name}`, {}));
  });

  it('an unreadable Retry-After is ignored', async () => {
    // The second request may come on a new connection, because a busy machine may take longer to send it than an idle
    // connection is kept.
    let asked = 0;
    await using server = await startRawServer((socket) => {
      asked += 1;
      socket.write(asked === 1 ? tooMany('-5') : bodyOf('/file'));
    });
    await expectRight('retry-after-none', '/file', land(server.url, 'retry-after-none', {}));
  });
});

it('a source that answers 202 lands when it is ready', async () => {
  let asked = 0;
  await using server = await startRawServer((socket) => {
    asked += 1;
    if (asked === 1) socket.write('HTTP/1.1 202 Accepted\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n');
    else socket.write(`${OK}Content-Length: 5\r\n\r\nabcde`);
  });
  await expectRight('ready', 'abcde', land(server.url, 'ready', {}));
});

describe('names in UTF-8', () => {
  it('a Location with UTF-8 is requested as UTF-8', async () => {
    await using server = await startRawServer((socket, _connection, _request, text) => {
      const path = text.split(' ')[1] ?? '';
      if (path === '/file') {
        socket.write(
          'HTTP/1.1 302 Found\r\nLocation: /\u00fc/\u65e5.csv?q=\u00fc\r\nContent-Length: 0\r\n\r\n',
          'utf8',
        );
      } else socket.write(`${OK}Content-Length: ${path.length}\r\n\r\n${path}`);
    });
    await expectRight('location', '/%C3%BC/%E6%97%A5.csv?q=%C3%BC', land(server.url, 'location', {}));
  });

  it('a Content-Disposition with UTF-8 names the object', async () => {
    await using server = await startRawServer((socket) => {
      socket.write(
        `${OK}Content-Disposition: attachment; filename="na\u00efve.csv"\r\nContent-Length: 5\r\n\r\nabcde`,
        'utf8',
      );
    });
    const { client, bucket } = landing.destination('');
    const landed = await transfer({ url: server.url }, { client, bucket, prefix: 'named/' }, { guard: LOOPBACK });
    expect(landed.key).toBe('named/na\u00efve.csv');
  });
});

describe('an answer to a range that is not the range', () => {
  it.each<[string, string]>([
    [
      '200 with the Content-Range of a part',
      'HTTP/1.1 200 OK\r\nContent-Range: bytes 0-2/5\r\nContent-Length: 3\r\n\r\nabc',
    ],
    [
      'a body of several ranges with a Content-Range',
      'HTTP/1.1 206 Partial Content\r\nContent-Type: multipart/byteranges; boundary=x\r\nContent-Range: bytes 0-13/14\r\nContent-Length: 14\r\n\r\n--x\r\n\r\na\r\n--x--',
    ],
  ])('%s: the file is asked for without a range, and lands whole', async (name, answer) => {
    await using server = await startRawServer((socket, _connection, _request, text) => {
      socket.write(/\r\nrange:/i.test(text) ? answer : `${OK}Content-Length: 5\r\n\r\nabcde`);
    });
    await expectRight(name, 'abcde', land(server.url, name, {}));
  });
});

it('a 412 to If-None-Match is asked again without the condition', async () => {
  let version = 'abcde';
  await using server = await startRawServer((socket, _connection, _request, text) => {
    if (/\r\nif-none-match:/i.test(text)) socket.write('HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n');
    else socket.write(`${OK}ETag: "${version}"\r\nContent-Length: 5\r\n\r\n${version}`);
  });
  await expectRight('conditions/a', 'abcde', land(server.url, 'conditions/a', {}));
  version = 'fghij';
  await expectRight('conditions/a', 'fghij', land(server.url, 'conditions/a', {}));
});

describe('a source whose ranges come and go', () => {
  const BODY = Buffer.alloc(12_000_000, 'abc');
  const PIECES: TransferOptions = { bufferBytes: 1_048_576, connections: 3 };
  const rangeOf = (text: string) => /range: bytes=(\d+)-(\d+)/i.exec(text);

  const answer = (socket: Socket, text: string, etag: string, ranges: boolean) => {
    const [, first, last] = (ranges && rangeOf(text)) || [];
    if (first === undefined) {
      socket.write(`${OK}ETag: ${etag}\r\nContent-Length: ${BODY.length}\r\n\r\n`);
      socket.write(BODY);
      return;
    }
    const end = Math.min(Number(last) + 1, BODY.length);
    const range = `Content-Range: bytes ${first}-${end - 1}/${BODY.length}\r\nContent-Length: ${end - Number(first)}`;
    socket.write(`HTTP/1.1 206 Partial Content\r\nETag: ${etag}\r\n${range}\r\n\r\n`);
    socket.write(BODY.subarray(Number(first), end));
  };

  const sometimes = [expect.stringMatching(/answers ranges only sometimes, so it was read in one stream/)];
  const changed = [expect.stringMatching(/changed 2 times while .* read by ranges, so it was read in one stream/)];

  /**
   * The rule receives the number of the request, and how often its range was asked for. The last list has how each
   * beginning asked for the file.
   */
  it.each<[string, (asked: number, again: number) => { etag: string; ranges: boolean }, unknown[], string[]]>([
    [
      'in one stream if it answers the first range and no other',
      (n) => ({ etag: '"v1"', ranges: n === 1 }),
      sometimes,
      ['range', 'plain GET'],
    ],
    [
      'in one stream if it has a new ETag for each answer',
      (n) => ({ etag: `"${n}"`, ranges: true }),
      changed,
      ['range', 'range', 'plain GET'],
    ],
    [
      'in one stream if it has a new ETag for each answer, and answers the second beginning by the whole body',
      (n) => ({ etag: `"${n}"`, ranges: n === 1 }),
      [],
      ['range', 'range'],
    ],
    [
      'by ranges if it answers each later range by the whole body once',
      (n, again) => ({ etag: '"v1"', ranges: n === 1 || again > 1 }),
      [],
      ['range'],
    ],
  ])('a source whose ranges come and go lands %s', async (name, rule, notes, beginnings) => {
    const asked: string[] = [];
    await using server = await startRawServer((socket, _connection, _request, text) => {
      const range = rangeOf(text)?.[0] ?? '';
      asked.push(range);
      const { etag, ranges } = rule(asked.length, asked.filter((one) => one === range).length);
      answer(socket, text, etag, ranges);
    });
    const key = name.replaceAll(' ', '-');
    // A busy machine adds no request to those that are counted.
    const limits = { attempts: 6, idleSeconds: 60, headSeconds: 60, connectSeconds: 60 };
    const landed = await land(server.url, key, { source: { limits } }, PIECES);
    expect(landed).toMatchObject({ status: 'landed', bytes: BODY.length, notes });
    const began = asked.filter((range) => range === '' || /=0-/.test(range));
    expect(began.map((range) => (range === '' ? 'plain GET' : 'range'))).toEqual(beginnings);
    expect(asked.length).toBeGreaterThan(beginnings.length);
    expect(await objectText(landing.s3.client, landing.bucket, key)).toBe(String(BODY));
  });
});

it.each([
  ['sends nothing', () => {}],
  ['stops in the middle', (socket: Socket) => socket.write(`${OK}Content-Length: 500\r\n\r\nabc`)],
  [
    'drips',
    (socket: Socket) => {
      socket.write(`${OK}Content-Length: 5000\r\n\r\n`);
      const timer = setInterval(() => (socket.destroyed ? clearInterval(timer) : socket.write('a')), 20);
    },
  ],
] as const)('a source that %s fails when its time limit is reached', async (_, serve) => {
  let asked = 0;
  await using server = await startRawServer((socket) => {
    asked += 1;
    serve(socket);
  });
  const limits = {
    patienceSeconds: 0.5,
    idleSeconds: 0.2,
    headSeconds: 0.2,
    minSpeedSeconds: 0.2,
    attempts: 1_000,
    backoffSeconds: 0.01,
  };
  await expect(land(server.url, 'patience', { source: { limits } })).rejects.toThrow(/failed (once|\d times)/);
  expect(asked).toBeLessThanOrEqual(4);
});
