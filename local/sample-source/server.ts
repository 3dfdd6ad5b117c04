import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BUSY_FILE, type SampleFile } from './files.ts';
import { readRange } from './range.ts';
import { SITE } from './site.ts';

/** How often the busy file answers 503 before it is served. */
const BUSY_TIMES = 2;

/**
 * Creates the sample source: files under /data/ with strong ETags and ranges, a small site under /site/, and 404 for
 * all other paths. One file is busy at first. The server is not listening yet.
 */
export function createSampleServer(files: ReadonlyMap<string, SampleFile>): Server {
  let busy = BUSY_TIMES;
  return createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://sample').pathname;
    if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405, { allow: 'GET, HEAD' });
    const page = SITE.get(path);
    if (page !== undefined) return end(response, 200, { 'content-type': page.contentType }, page.body);
    const name = path.startsWith('/data/') ? path.slice('/data/'.length) : '';
    const file = files.get(name);
    if (file === undefined) return end(response, 404, {}, 'There is no such file.\n');
    if (name === BUSY_FILE && busy > 0) {
      busy -= 1;
      return end(response, 503, { 'retry-after': '1' }, 'Busy. Try again in a second.\n');
    }
    return serve(file, request, response);
  });
}

/** Preconditions first, then the range, in the order of RFC 9110, 13.2.2. */
function serve(file: SampleFile, request: IncomingMessage, response: ServerResponse): ServerResponse {
  const { headers, method } = request;
  const common = { etag: file.etag, 'accept-ranges': 'bytes', 'content-type': file.contentType };
  if (!matches(headers['if-match'], file.etag, true)) return end(response, 412, common);
  if (matches(headers['if-none-match'], file.etag, false)) return end(response, 304, common);
  const sameVersion = headers['if-range'] === undefined || headers['if-range'] === file.etag;
  const range = sameVersion && method === 'GET' ? readRange(headers.range, file.bytes) : 'whole';
  if (range === 'unsatisfiable') return end(response, 416, { ...common, 'content-range': `bytes */${file.bytes}` });
  const { start, end: stop } = range === 'whole' ? { start: 0, end: file.bytes } : range;
  response.writeHead(range === 'whole' ? 200 : 206, {
    ...common,
    'content-length': stop - start,
    ...(range === 'whole' ? {} : { 'content-range': `bytes ${start}-${stop - 1}/${file.bytes}` }),
  });
  if (method === 'HEAD') return response.end();
  // A client that disconnects early is not an error of the server.
  pipeline(Readable.from(file.read(start, stop), { objectMode: true, highWaterMark: 2 }), response).catch(() => {});
  return response;
}

/** Returns whether a list of ETags contains this one; returns `whenAbsent` if there is no header. */
function matches(header: string | undefined, etag: string, whenAbsent: boolean): boolean {
  if (header === undefined) return whenAbsent;
  return header.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag);
}

function end(response: ServerResponse, status: number, headers: Record<string, string>, body = ''): ServerResponse {
  const bodiless = status === 304 || status === 204;
  return response
    .writeHead(status, { ...headers, ...(bodiless ? {} : { 'content-length': Buffer.byteLength(body) }) })
    .end(body);
}
