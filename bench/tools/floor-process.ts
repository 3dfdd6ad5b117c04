/**
 * The least that a Node process must do to land a body in parts and prove them: the socket's reads go into part
 * buffers, each part gets its CRC-32 and is sent by `node:http`. One GET, no retries, no checks, no SDK. The difference
 * to the engine is the price of everything else.
 */
import { createHash, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import tls from 'node:tls';
import { crc32 } from 'node:zlib';

export interface FloorInput {
  readonly url: string;
  readonly bucket: string;
  readonly key: string;
  readonly caFile: string | undefined;
  /** Parts in flight to S3. One buffer more is read into meanwhile. */
  readonly parts: number;
  readonly partBytes: number;
}

interface Part {
  readonly number: number;
  readonly etag: string;
  readonly crc: string;
}

const SCRATCH_BYTES = 65_536;
const { AWS_ENDPOINT_URL = '', AWS_REGION = '', AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = process.env;
const input = JSON.parse(await text(process.stdin)) as FloorInput;
const endpoint = new URL(AWS_ENDPOINT_URL);
const path = `/${input.bucket}/${input.key}`;
const client = endpoint.protocol === 'https:' ? https : http;
const agent = new client.Agent({ keepAlive: true, maxSockets: input.parts });

const checksum = { 'x-amz-checksum-algorithm': 'CRC32', 'x-amz-checksum-type': 'FULL_OBJECT' };
const created = await call('POST', 'uploads=', undefined, checksum);
const uploadId = /<UploadId>([^<]+)/.exec(created.body)?.[1] ?? '';
const parts = await readAndSend();
const list = parts
  .sort((one, other) => one.number - other.number)
  .map((part) => `<Part><PartNumber>${part.number}</PartNumber><ETag>${part.etag}</ETag>${crcElement(part)}</Part>`);
const completed = `<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`;
await call('POST', `uploadId=${encodeURIComponent(uploadId)}`, Buffer.from(completed));
agent.destroy();

function crcElement({ crc }: Part): string {
  return `<ChecksumCRC32>${crc}</ChecksumCRC32>`;
}

/** Reads the body into the buffers, and sends each buffer when it is full. */
function readAndSend(): Promise<Part[]> {
  const { promise, resolve, reject } = Promise.withResolvers<Part[]>();
  const done: Part[] = [];
  const free: Buffer[] = Array.from({ length: input.parts + 1 }, () => Buffer.allocUnsafeSlow(input.partBytes));
  const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  /** Bytes that TLS delivers while reading is paused. */
  let held: Buffer[] = [];
  let buffer: Buffer | undefined;
  let filled = 0;
  let left = -1;
  let head = '';
  let number = 0;

  const send = async (part: number, whole: Buffer, bytes: Buffer) => {
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(bytes));
    const crc = sum.toString('base64');
    const query = `partNumber=${part}&uploadId=${encodeURIComponent(uploadId)}`;
    const { etag } = await call('PUT', query, bytes, { 'x-amz-checksum-crc32': crc });
    done.push({ number: part, etag, crc });
    free.push(whole);
    if (buffer === undefined) readOn();
  };
  /** Counts bytes in the buffer. @returns whether there is room for more. */
  const took = (bytes: number): boolean => {
    filled += bytes;
    left -= bytes;
    if (buffer === undefined || (filled < input.partBytes && left > 0)) return true;
    number += 1;
    send(number, buffer, buffer.subarray(0, filled)).catch(reject);
    buffer = left > 0 ? free.pop() : undefined;
    filled = 0;
    return buffer !== undefined;
  };
  const take = (bytes: Buffer): boolean => {
    for (let at = 0; at < bytes.length; ) {
      if (buffer === undefined) {
        held.push(Buffer.from(bytes.subarray(at)));
        return false;
      }
      const copied = bytes.copy(buffer, filled, at);
      at += copied;
      took(copied);
    }
    return buffer !== undefined;
  };
  const readOn = () => {
    if (left === 0) {
      if (free.length === input.parts + 1) resolve(done);
      return;
    }
    buffer = free.pop();
    const waiting = held;
    held = [];
    for (const bytes of waiting) take(bytes);
    if (buffer !== undefined) socket.resume();
  };
  const url = new URL(input.url);
  const onread = {
    buffer: () => (left > 0 && buffer !== undefined ? buffer.subarray(filled) : scratch),
    callback(bytes: number, into: Uint8Array): boolean {
      if (into.buffer !== scratch.buffer) return took(bytes);
      if (left >= 0) return take(scratch.subarray(0, bytes));
      head += scratch.toString('latin1', 0, bytes);
      const end = head.indexOf('\r\n\r\n');
      if (end === -1) return true;
      left = Number(/^HTTP\/1.1 200 .*\r\ncontent-length: *(\d+)/is.exec(head)?.[1]);
      if (!(left > 0)) reject(new Error(head));
      buffer = free.pop();
      return take(scratch.subarray(bytes - (head.length - end - 4), bytes));
    },
  };
  const to: net.TcpNetConnectOpts = { host: url.hostname, port: Number(url.port), onread };
  const ca = input.caFile === undefined ? {} : { ca: readFileSync(input.caFile) };
  const socket = url.protocol === 'https:' ? tls.connect({ ...to, ...ca }) : net.connect(to);
  socket.on('error', reject).on('close', () => {
    if (left !== 0) reject(new Error(`the source ended with ${left} bytes to come`));
  });
  socket.write(`GET ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\nconnection: close\r\n\r\n`);
  return promise;
}

function call(
  method: string,
  query: string,
  body?: Buffer,
  more: Record<string, string> = {},
): Promise<{ etag: string; body: string }> {
  const length = body === undefined ? {} : { 'content-length': body.length };
  const headers = { ...signed(method, query, more), ...length };
  return new Promise((resolve, reject) => {
    const to = { host: endpoint.hostname, port: endpoint.port, path: `${path}?${query}`, method, agent, headers };
    const request = client.request(to, async (answer) => {
      const said = await text(answer);
      if (answer.statusCode === 200) resolve({ etag: answer.headers.etag ?? '', body: said });
      else reject(new Error(`${method} ${query}: ${answer.statusCode} ${said}`));
    });
    request.on('error', reject).end(body);
  });
}

/** SigV4 with an unsigned payload. */
function signed(method: string, query: string, more: Record<string, string>): Record<string, string> {
  const time = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
  const scope = `${time.slice(0, 8)}/${AWS_REGION}/s3/aws4_request`;
  const headers: Record<string, string> = {
    host: endpoint.host,
    'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
    'x-amz-date': time,
    ...more,
  };
  const names = Object.keys(headers).sort();
  const list = names.join(';');
  const lines = names.map((name) => `${name}:${headers[name]}`);
  const canonical = [method, path, query, ...lines, '', list, 'UNSIGNED-PAYLOAD'].join('\n');
  const hash = createHash('sha256').update(canonical).digest('hex');
  const key = scope
    .split('/')
    .reduce<string | Buffer>((last, word) => hmac(last, word), `AWS4${AWS_SECRET_ACCESS_KEY}`);
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash}`).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${AWS_ACCESS_KEY_ID}/${scope}, SignedHeaders=${list}, Signature=${signature}`;
  return { ...headers, authorization };
}

function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}
