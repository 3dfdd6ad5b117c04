import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { Agent, request } from 'undici';
import { describe, expect, it } from 'vitest';
import { contentBytes, contentHashes, contentViews, faults, startSourceServer } from './source-server.ts';

const file = { seed: 1, length: 3_000_000 };

async function get(url: string, headers: Record<string, string> = {}, ca?: string) {
  const dispatcher = new Agent({ allowH2: false, ...(ca ? { connect: { ca } } : {}) });
  try {
    const answer = await request(url, { headers, dispatcher });
    return { status: answer.statusCode, headers: answer.headers, body: Buffer.from(await answer.body.arrayBuffer()) };
  } finally {
    await dispatcher.destroy();
  }
}

describe('generated content', () => {
  it('generated content does not depend on the ranges in which it is read', () => {
    const whole = contentBytes(1, 0, 3_000_000);
    expect(Buffer.concat([contentBytes(1, 0, 1_048_570), contentBytes(1, 1_048_570, 1_951_430)]).equals(whole)).toBe(
      true,
    );
    expect(contentHashes(1, 3_000_000).sha256).toBe(createHash('sha256').update(whole).digest('hex'));
    expect(contentBytes(2, 0, 100)).not.toEqual(whole.subarray(0, 100));
  });

  it('generated content has different bytes at each multiple of a part size, even after terabytes', () => {
    const heads = [0, 1, 2, 3, 100, 9_999].map((part) => contentBytes(1, part * 110_100_480, 32).toString('hex'));
    expect(new Set(heads).size).toBe(heads.length);
    expect([...contentViews(1, 5 * 2 ** 40, 2_000_000)].reduce((sum, view) => sum + view.length, 0)).toBe(2_000_000);
  });
});

describe.each([{ tls: false }, { tls: true }])('the source server (TLS: $tls)', ({ tls }) => {
  it('the source server answers a range, a condition and a range beyond the end as RFC 9110 says', async () => {
    await using source = await startSourceServer({ file, tls });
    const whole = await get(source.url, {}, source.ca);
    expect(whole.body.equals(contentBytes(1, 0, 3_000_000))).toBe(true);
    const etag = String(whole.headers.etag);

    const part = await get(source.url, { range: 'bytes=1000000-1999999', 'if-range': etag }, source.ca);
    expect(part).toMatchObject({ status: 206, headers: { 'content-range': 'bytes 1000000-1999999/3000000' } });
    expect(part.body.equals(contentBytes(1, 1_000_000, 1_000_000))).toBe(true);
    expect(await get(source.url, { range: 'bytes=0-9', 'if-range': '"other"' }, source.ca)).toMatchObject({
      status: 200,
    });
    expect(await get(source.url, { 'if-match': '"other"' }, source.ca)).toMatchObject({ status: 412 });
    expect(await get(source.url, { 'if-none-match': etag }, source.ca)).toMatchObject({ status: 304 });
    expect(await get(source.url, { range: 'bytes=3000000-' }, source.ca)).toMatchObject({
      status: 416,
      headers: { 'content-range': 'bytes */3000000' },
    });
    expect(source.requests).toHaveLength(6);
  });

  it.each(['fin', 'truncate', 'reset'] as const)(
    'the source server interrupts one range by %s, once, and counts the bytes that it sent twice',
    async (how) => {
      await using source = await startSourceServer({
        file,
        tls,
        rules: [{ when: { offset: 1_000_000, nth: 1 }, faults: faults.cut(300_000, how) }],
      });
      await expect(get(source.url, { range: 'bytes=1000000-1999999' }, source.ca)).rejects.toThrow();
      await get(source.url, { range: 'bytes=1000000-1999999' }, source.ca);
      expect(source.requests.map(({ bodyBytes, complete }) => ({ bodyBytes, complete }))).toEqual([
        { bodyBytes: 300_000, complete: false },
        { bodyBytes: 1_000_000, complete: true },
      ]);
      expect(source.coverage()).toEqual({ once: 1_000_000, again: 300_000 });
    },
  );
});

describe('faults', () => {
  it('several faults apply to one answer', async () => {
    await using source = await startSourceServer({
      file: { seed: 1, length: 100_000 },
      rules: [{ faults: [faults.interim(103, 2), faults.gzip(), faults.chunked(1000), faults.etag('W/"weak"')] }],
    });
    const answer = await get(source.url);
    expect(answer.headers).toMatchObject({
      'content-encoding': 'gzip',
      'transfer-encoding': 'chunked',
      etag: 'W/"weak"',
    });
    expect(gunzipSync(answer.body).equals(contentBytes(1, 0, 100_000))).toBe(true);
    expect(source.requests[0]?.faults).toHaveLength(4);
  });

  it.each([
    ['missing', undefined],
    ['offset', 'bytes 11-20/3000001'],
    ['total', 'bytes 10-19/3000001'],
    ['unit', 'octets 10-19/3000000'],
  ] as const)('a fault sends a wrong Content-Range: %s', async (defect, value) => {
    await using source = await startSourceServer({ file, rules: [{ faults: faults.contentRange(defect) }] });
    const answer = await get(source.url, { range: 'bytes=10-19' });
    expect(answer.headers['content-range']).toBe(value);
    expect(answer.body).toEqual(contentBytes(1, 10, 10));
  });

  it('faults send a shorter range with right headers, and too many bytes', async () => {
    await using source = await startSourceServer({
      file,
      rules: [
        { when: { nth: 1 }, faults: faults.shortRange(4) },
        { when: { nth: 2 }, faults: faults.bodyBytes(3) },
      ],
    });
    const short = await get(source.url, { range: 'bytes=10-19' });
    expect(short).toMatchObject({ status: 206, headers: { 'content-range': 'bytes 10-13/3000000' } });
    expect(short.body).toEqual(contentBytes(1, 10, 4));
    const long = await get(source.url, { range: 'bytes=10-19' });
    expect(long.headers['content-length']).toBe('13');
    expect(long.body.subarray(0, 10)).toEqual(contentBytes(1, 10, 10));
  });

  it('faults send right and wrong hashes of the range and of the whole file', async () => {
    await using source = await startSourceServer({
      file: { seed: 1, length: 1000 },
      rules: [{ faults: [faults.states('Content-MD5', 'right'), faults.states('Repr-Digest', 'wrong')] }],
    });
    const { headers } = await get(source.url, { range: 'bytes=0-99' });
    const md5 = createHash('md5')
      .update(contentBytes(1, 0, 100))
      .digest('base64');
    expect(headers['content-md5']).toBe(md5);
    const whole = Buffer.from(contentHashes(1, 1000).sha256, 'hex').toString('base64');
    expect(headers['repr-digest']).toMatch(/^sha-256=:[^:]{44}:$/);
    expect(headers['repr-digest']).not.toBe(`sha-256=:${whole}:`);
  });

  it('a fault answers with a range of another version although If-Match and If-Range name the first version', async () => {
    const another = faults.version({ seed: 2, etag: '"v2"' });
    await using source = await startSourceServer({ file, rules: [{ faults: [another, faults.ignoreConditions()] }] });
    const answer = await get(source.url, { range: 'bytes=10-19', 'if-match': '"v1"', 'if-range': '"v1"' });
    expect(answer).toMatchObject({ status: 206, headers: { etag: '"v2"' } });
    expect(answer.body).toEqual(contentBytes(2, 10, 10));
  });

  it('a fault changes one byte and no other', async () => {
    await using source = await startSourceServer({ file, rules: [{ faults: faults.corrupt(1_500_000) }] });
    const { body } = await get(source.url);
    const right = contentBytes(1, 0, 3_000_000);
    expect(body.length).toBe(right.length);
    expect(right.findIndex((byte, index) => byte !== body[index])).toBe(1_500_000);
    expect(body.subarray(1_500_001).equals(right.subarray(1_500_001))).toBe(true);
  });

  it('a fault redirects to a target that expires', async () => {
    await using source = await startSourceServer({ rules: faults.expiringRedirect('/file', '/signed', 1) });
    const location = String((await get(source.url)).headers.location);
    expect((await get(source.origin + location)).status).toBe(200);
    expect((await get(source.origin + location)).status).toBe(403);
    expect((await get(source.url)).headers.location).not.toBe(location);
  });

  it('a fault mixes two versions at a position in the file, not in the range', async () => {
    await using source = await startSourceServer({ file, rules: [{ faults: faults.splice(1_500_000, 2) }] });
    const { body } = await get(source.url, { range: 'bytes=1000000-1999999' });
    const spliced = Buffer.concat([contentBytes(1, 1_000_000, 500_000), contentBytes(2, 1_500_000, 500_000)]);
    expect(body.equals(spliced)).toBe(true);
  });

  it.each(['size-not-hex', 'no-crlf-after-chunk', 'no-last-chunk', 'size-too-large', 'size-overflow'] as const)(
    'a fault breaks chunks: %s',
    async (defect) => {
      await using source = await startSourceServer({ file, rules: [{ faults: faults.badChunks(defect) }] });
      await expect(get(source.url)).rejects.toThrow(/terminated|other side closed|HTTP|chunk|Invalid/i);
    },
  );

  it('a fault sends a 408 on the idle connection', async () => {
    await using source = await startSourceServer({ file: { length: 5 }, rules: [{ faults: faults.late408(20) }] });
    const text = await new Promise<string>((resolve, reject) => {
      let heard = '';
      const socket = connect(Number(new URL(source.origin).port), '127.0.0.1', () => {
        socket.write('GET /file HTTP/1.1\r\nHost: x\r\n\r\n');
      });
      socket.on('data', (bytes) => {
        heard += bytes.toString('latin1');
      });
      socket.on('end', () => resolve(heard)).on('error', reject);
    });
    expect(text).toMatch(/^HTTP\/1\.1 200 [\s\S]*HTTP\/1\.1 408 /);
  });
});
