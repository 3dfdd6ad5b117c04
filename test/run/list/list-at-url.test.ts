import { readdir } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { PUBLIC_INTERNET, SourceGuard } from '#net/guard/source-guard.ts';
import { listAtUrl } from '#run/list/list-at-url.ts';
import { readSourceList } from '#run/list/source-list.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { startRawServer } from '#test/helpers/raw-server.ts';
import { startWeb } from '#test/helpers/web.ts';

const CSV = 'url,key\nhttp://h/a,a\n';
const LISTED = [{ where: 'line 2', value: { url: 'http://h/a', key: 'a' } }];

async function webOf(listener: RequestListener) {
  const web = await startWeb(listener);
  return Object.assign(web, { [Symbol.asyncDispose]: () => web.stop() });
}

async function entriesAt(url: string, guard: SourceGuard = LOOPBACK) {
  await using list = listAtUrl(url, guard);
  return Array.fromAsync(readSourceList(list));
}

const foldersNow = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('sluice-list-'));

it('Plan requests a list once although it is read twice, and leaves no file behind', async () => {
  await using web = await webOf((_, response) => response.writeHead(200, { 'content-length': CSV.length }).end(CSV));
  const before = await foldersNow();
  {
    await using list = listAtUrl(`${web.url}/list.csv?signature=s`, LOOPBACK);
    expect(await Array.fromAsync(readSourceList(list))).toEqual(LISTED);
    expect(await Array.fromAsync(readSourceList(list))).toEqual(LISTED);
  }
  expect(web.requests).toEqual(['GET /list.csv?signature=s']);
  expect(await foldersNow()).toEqual(before);
});

it('Plan uses the content type if the path shows no format, follows redirects, and unpacks gzip', async () => {
  await using web = await webOf((request, response) => {
    if (request.url === '/latest') response.writeHead(302, { location: Buffer.from('/ü').toString('latin1') }).end();
    else {
      const body = gzipSync(CSV);
      const headers = { 'content-type': 'text/csv', 'content-encoding': 'gzip', 'content-length': body.length };
      response.writeHead(200, headers).end(body);
    }
  });
  expect(await entriesAt(`${web.url}/latest`)).toEqual(LISTED);
  expect(web.requests).toEqual(['GET /latest', 'GET /%C3%BC']);
});

it('Plan tries again after a temporary failure', async () => {
  let asked = 0;
  await using web = await webOf((request, response) => {
    asked += 1;
    if (asked === 1) response.writeHead(503).end();
    else if (asked === 2) request.socket.destroy();
    else response.writeHead(200, { 'content-length': CSV.length }).end(CSV);
  });
  expect(await entriesAt(`${web.url}/list.csv`)).toEqual(LISTED);
});

it.each<[string, RequestListener, RegExp]>([
  ['a refusal', (_, response) => response.writeHead(404).end(), /answers 404, and 200 was expected/],
  ['a circle', (_, response) => response.writeHead(302, { location: '/list.csv' }).end(), /more than 10 times/],
  ['no URL', (_, response) => response.writeHead(302, { location: 'ftp://h/' }).end(), /not an http or https URL/],
  [
    'an address that is not open',
    (_, response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
    /169\.254\.169\.254 is not dialled/,
  ],
  [
    'a coding that was not asked for',
    (_, response) => response.writeHead(200, { 'content-encoding': 'br', 'content-length': 1 }).end('x'),
    /Content-Encoding br/,
  ],
  ['a page', (_, response) => response.end('<html>sign in</html>'), /is a page of HTML/],
])('refuses a list whose server answers with %s, naming it without its query', async (_, listener, problem) => {
  await using web = await webOf(listener);
  const reading = entriesAt(`${web.url}/list.csv?signature=secret`);
  await expect(reading).rejects.toThrow(problem);
  await expect(reading).rejects.toThrow(`${web.url}/list.csv?signature=redacted: `);
});

it('a list at a URL is refused if nothing proves its end, or if it is incomplete at each attempt', async () => {
  const unproven = 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nurl\nhttp://h/a\n';
  await using endless = await startRawServer((socket) => socket.end(unproven));
  await expect(entriesAt(endless.url)).rejects.toThrow(/has no length/);
  const cut = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhttp://h/a\nhttp://h';
  await using cutting = await startRawServer((socket) => socket.end(cut));
  await expect(entriesAt(cutting.url)).rejects.toThrow(/can't be fetched/);
  expect(cutting.accepted).toBe(3);
});

it.each([
  ['a closed address', PUBLIC_INTERNET, /is not dialled|not asked/],
  ['a denied host', new SourceGuard({ deniedHosts: ['127.0.0.1'], openRanges: ['127.0.0.0/8'] }), /is denied/],
])('sends no request to %s', async (_, guard, problem) => {
  await using web = await webOf((_request, response) => response.end(CSV));
  await expect(entriesAt(`${web.url}/list.csv`, guard)).rejects.toThrow(problem);
  expect(web.requests).toEqual([]);
});
