import type { IncomingHttpHeaders } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PRICES } from '#costs/prices.ts';
import { runSluice } from '#test/helpers/cli.ts';
import { startWeb, type Web } from '#test/helpers/web.ts';

const body = Buffer.alloc(20 * 1_048_576, 'probe ');
/** Not the hash of the body: a probe prints the names of the stated hashes, and checks none. */
const DIGEST = `sha-256=:${Buffer.alloc(32, 1).toString('base64')}:`;
let web: Web;
let headers: IncomingHttpHeaders;

beforeAll(async () => {
  web = await startWeb((request, response) => {
    headers = request.headers;
    if (request.url === '/moved') return void response.writeHead(302, { location: '/file?signature=secret' }).end();
    if (request.url === '/endless') {
      // Neither a length nor chunks: the end of the connection is the end.
      response.socket?.end(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${'x'.repeat(1_000)}`);
      return;
    }
    if (request.url === '/gone') return void response.writeHead(404).end();
    if (request.url === '/stream') {
      const head = { etag: 'W/"v1"', 'repr-digest': DIGEST, 'content-encoding': 'gzip', 'content-type': 'text/csv' };
      return void response.writeHead(200, { ...head, 'content-length': body.length }).end(body);
    }
    if (request.url === '/small') return void response.end('id\n1\n');
    const [, first = '0', last = ''] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
    const end = Math.min(Number(last || body.length), body.length - 1);
    response.writeHead(206, {
      etag: '"v1"',
      'content-type': 'text/plain',
      'content-length': end - Number(first) + 1,
      'content-range': `bytes ${first}-${end}/${body.length}`,
    });
    response.end(body.subarray(Number(first), end + 1));
  });
});
afterAll(() => web.stop());

const probe = (...args: string[]) => runSluice(['probe', ...args], { PATH: process.env.PATH });

describe('sluice probe', () => {
  it('sluice probe shows how a source with ranges would land, and its redirect without the signature', async () => {
    const { code, out } = await probe(`${web.url}/moved`);
    expect(code).toBe(0);
    expect(out).toContain(`redirects to  ${web.url}/file?signature=redacted`);
    expect(out).toContain('length        20.0 MiB (20,971,520 bytes)');
    expect(out).toContain('version       ETag "v1"');
    expect(out).toContain('lands         in 3 parts, in parallel');
    expect(out).toMatch(
      /cost {10}about \$\S+ to land \(S3 requests \$0\.00003, Lambda \$\S+\), \$0\.0004 a month to keep/,
    );
    expect(out).not.toContain('secret');
  });

  it('sluice probe prints the same as JSON', async () => {
    const { out } = await probe(`${web.url}/file`, '--json');
    const look = JSON.parse(out);
    expect(look).toMatchObject({ bytes: body.length, lands: 'ranges', parts: 3, hasStrongValidator: true });
    // Three parts, Create and Complete; 20 MiB of a GiB.
    expect(look.dollars.s3Requests).toBeCloseTo(5 * PRICES.s3Write.dollars + PRICES.s3Read.dollars, 10);
    expect(look.dollars.storageAMonth).toBeCloseTo((20 / 1_024) * PRICES.s3GbMonth.dollars, 10);
  });

  it('sluice probe shows the type, encoding, weak validator and hashes of a source without ranges, and that it lands in one stream', async () => {
    const { code, out } = await probe(`${web.url}/stream`);
    expect(code).toBe(0);
    const lines = out.split('\n').map((line) => line.trim().replace(/ {2,}/, ': '));
    expect(lines).toEqual(
      expect.arrayContaining([
        'type: text/csv',
        'encoding: gzip',
        'version: ETag W/"v1" (weak: it does not prove that two answers are of one file)',
        'hashes: repr-digest sha-256',
        'lands: in one stream; after an interruption it begins again',
        expect.stringMatching(/^first byte: after \d[\d.]* s$/),
        expect.stringMatching(/^speed: \d[\d.]* [KMG]iB\/s on one connection, over \d\.\d MiB$/),
        expect.stringMatching(/^time: about \d.* at the speed of one connection$/),
      ]),
    );
  });

  it('sluice probe prints the type, encoding, weak validator, hashes and speed of a source without ranges as JSON', async () => {
    const { code, out } = await probe(`${web.url}/stream`, '--json');
    expect(code).toBe(0);
    const look = JSON.parse(out);
    expect(look).toMatchObject({
      url: `${web.url}/stream`,
      bytes: body.length,
      contentType: 'text/csv',
      contentEncoding: 'gzip',
      etag: 'W/"v1"',
      hasStrongValidator: false,
      hashes: ['repr-digest sha-256'],
      lands: 'one stream',
    });
    expect(look.bytesRead).toBeGreaterThanOrEqual(5 * 1_048_576);
    expect(look.firstByteSeconds).toBeGreaterThan(0);
    expect(look.bytesPerSecond).toBeGreaterThan(0);
    expect(look).not.toHaveProperty('parts');
  });

  it('sluice probe sends each --header to the source', async () => {
    const options = ['--header', 'Authorization: Bearer of-a-test', '--header', 'X-Team: data: one'];
    expect(await probe(`${web.url}/file`, ...options)).toMatchObject({ code: 0 });
    expect(headers).toMatchObject({ authorization: 'Bearer of-a-test', 'x-team': 'data: one' });
  });

  it('sluice probe reports that a small file came with the first request', async () => {
    expect((await probe(`${web.url}/small`)).out).toContain('by this one request');
  });

  it('sluice probe ends with 1 for a source whose end nothing proves, and names the option that would permit it', async () => {
    const { code, out } = await probe(`${web.url}/endless`);
    expect([code, out]).toEqual([1, expect.stringContaining('--allow-unproven-end')]);
    expect(out).not.toContain('$');
  });

  it('sluice probe ends with 1 for a source that refuses', async () => {
    expect(await probe(`${web.url}/gone`)).toMatchObject({ code: 1, err: expect.stringContaining('answered 404') });
  });

  it('sluice probe does not follow a redirect to a private address that nobody typed', async () => {
    const away = await startWeb(
      (_, response) => void response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
    );
    try {
      const { code, err } = await probe(`${away.url}/x`);
      expect([code, err]).toEqual([1, expect.stringContaining('169.254.169.254')]);
    } finally {
      await away.stop();
    }
  });
});
