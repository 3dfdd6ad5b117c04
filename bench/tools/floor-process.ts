/**
 * The least that a Node process must do to land a body in parts and prove them: the socket's reads go into part
 * buffers, each part gets its CRC-32 and is sent by `node:http`. One GET, no retries, no checks, no SDK. The difference
 * to the engine is the price of everything else.
 */
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import tls from 'node:tls';
import { type Answer, type Place, PlainUpload } from './plain-upload.ts';

export interface FloorInput extends Place {
  readonly url: string;
  readonly caFile: string | undefined;
  /** Parts in flight to S3. One buffer more is read into meanwhile. */
  readonly parts: number;
  readonly partBytes: number;
}

const SCRATCH_BYTES = 65_536;
const input = JSON.parse(await text(process.stdin)) as FloorInput;
const upload = new PlainUpload(input, call);
const { endpoint } = upload;
const client = endpoint.protocol === 'https:' ? https : http;
const agent = new client.Agent({ keepAlive: true, maxSockets: input.parts });

await upload.create();
await readAndSend();
await upload.complete();
agent.destroy();

/** Reads the body into the buffers, and sends each buffer when it is full. */
function readAndSend(): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
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
    await upload.send(part, bytes);
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
      if (free.length === input.parts + 1) resolve();
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

function call(method: string, path: string, headers: Record<string, string>, body?: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': body.length };
    const to = {
      host: endpoint.hostname,
      port: endpoint.port,
      path,
      method,
      agent,
      headers: { ...headers, ...length },
    };
    const request = client.request(to, async (answer) => {
      const said = await text(answer);
      if (answer.statusCode === 200) resolve({ etag: answer.headers.etag ?? '', body: said });
      else reject(new Error(`${method} ${path}: ${answer.statusCode} ${said}`));
    });
    request.on('error', reject).end(body);
  });
}
