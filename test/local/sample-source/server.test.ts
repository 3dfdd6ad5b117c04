import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUSY_FILE, loadFiles, type SampleFile } from '#local/sample-source/files.ts';
import { generatedBytes } from '#local/sample-source/generated.ts';
import { readRange } from '#local/sample-source/range.ts';
import { createSampleServer } from '#local/sample-source/server.ts';

describe('generatedBytes', () => {
  const whole = Buffer.concat([...generatedBytes(0, 1_300_000)]);

  it('generatedBytes gives the same bytes for a range, wherever it begins and ends', () => {
    fc.assert(
      fc.property(fc.nat(whole.length), fc.nat(300_000), (start, length) => {
        const end = Math.min(whole.length, start + length);
        return Buffer.concat([...generatedBytes(start, end)]).equals(whole.subarray(start, end));
      }),
    );
  });

  it('generatedBytes never repeats a page, even beyond the length of its pattern', () => {
    const hashes = new Set<string>();
    for (let at = 0; at + 4_096 <= whole.length; at += 4_096) {
      hashes.add(
        createHash('sha256')
          .update(whole.subarray(at, at + 4_096))
          .digest('hex'),
      );
    }
    expect(hashes.size).toBe(Math.floor(whole.length / 4_096));
  });
});

describe('readRange', () => {
  it.each([
    [undefined, 100, 'whole'],
    ['bytes=0-9', 100, { start: 0, end: 10 }],
    ['bytes=90-', 100, { start: 90, end: 100 }],
    ['bytes=90-500', 100, { start: 90, end: 100 }],
    ['bytes=-10', 100, { start: 90, end: 100 }],
    ['bytes=-500', 100, { start: 0, end: 100 }],
    ['bytes=100-', 100, 'unsatisfiable'],
    ['bytes=-0', 100, 'unsatisfiable'],
    ['bytes=0-', 0, 'unsatisfiable'],
    ['bytes=5-4', 100, 'whole'],
    ['bytes=0-1,5-6', 100, 'whole'],
    ['pages=1-2', 100, 'whole'],
    ['bytes=-', 100, 'whole'],
  ])('readRange reads %s of %i bytes', (header, length, expected) => {
    expect(readRange(header, length)).toEqual(expected);
  });
});

describe('the sample server', () => {
  let files: ReadonlyMap<string, SampleFile>;
  let server: Server;
  let origin: string;

  beforeAll(async () => {
    files = await loadFiles();
    server = createSampleServer(files).listen(0, '127.0.0.1');
    await once(server, 'listening');
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  async function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
    const [response] = await once(request(`${origin}${path}`, { method, headers }).end(), 'response');
    return { status: response.statusCode, headers: response.headers, body: await buffer(response) };
  }

  it('the sample source serves each data set whole, with its length and a strong ETag', async () => {
    for (const [name, file] of files) {
      if (name === BUSY_FILE || file.bytes > 50_000_000) continue;
      const { status, headers, body } = await get(`/data/${name}`);
      expect([name, status, headers['content-length'], headers.etag]).toEqual([
        name,
        200,
        String(file.bytes),
        expect.stringMatching(/^"[^"]+"$/),
      ]);
      expect(body.equals(Buffer.concat([...file.read(0, file.bytes)]))).toBe(true);
    }
  });

  it('the sample source serves a range from the middle of the generated file', async () => {
    const { status, headers, body } = await get('/data/generated-128MiB.bin', { range: 'bytes=100000000-100000099' });
    expect(status).toBe(206);
    expect(headers['content-range']).toBe('bytes 100000000-100000099/134217728');
    expect(body.equals(Buffer.concat([...generatedBytes(100_000_000, 100_000_100)]))).toBe(true);
  });

  it('the sample server serves the whole file if If-Range names another version', async () => {
    const { status, body } = await get('/data/cars.json', { range: 'bytes=0-9', 'if-range': '"other"' });
    expect([status, body.length]).toEqual([200, files.get('cars.json')?.bytes]);
  });

  it.each([
    ['a range with If-Range of this version', { range: 'bytes=0-9', 'if-range': 'ETAG' }, 206],
    ['a range beyond the end', { range: 'bytes=99999999-' }, 416],
    ['If-None-Match of this version', { 'if-none-match': 'ETAG' }, 304],
    ['If-Match of another version', { 'if-match': '"other"' }, 412],
  ])('answers %s', async (_, headers, expected) => {
    const etag = files.get('cars.json')?.etag ?? '';
    const filled = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value.replace('ETAG', etag)]),
    );
    expect((await get('/data/cars.json', filled)).status).toBe(expected);
  });

  it('the sample source answers HEAD without a body', async () => {
    const { status, headers, body } = await get('/data/cars.json', {}, 'HEAD');
    expect([status, headers['content-length'], body.length]).toEqual([200, String(files.get('cars.json')?.bytes), 0]);
  });

  it('the sample server answers 404 for an unknown file', async () => {
    expect((await get('/data/withdrawn.csv')).status).toBe(404);
  });

  it('the sample server is busy twice, and says when to try again', async () => {
    const first = await get(`/data/${BUSY_FILE}`);
    const statuses = [first.status, (await get(`/data/${BUSY_FILE}`)).status, (await get(`/data/${BUSY_FILE}`)).status];
    expect(first.headers['retry-after']).toBe('1');
    expect(statuses).toEqual([503, 503, 200]);
  });

  it('the sample server has a site whose pages link to each other, and a robots.txt', async () => {
    expect((await get('/robots.txt')).body.toString()).toContain('Disallow: /site/staff');
    expect((await get('/site/')).body.toString()).toContain('href="paddington.html"');
    expect((await get('/site/paddington.html')).status).toBe(200);
  });
});
