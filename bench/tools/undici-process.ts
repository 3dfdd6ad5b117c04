/**
 * The floor with undici in place of the socket and of `node:http`: `request` reads the body, its chunks are copied into
 * part buffers, each part gets its CRC-32 and is sent by `request`. One GET, no retries, no checks, no SDK. The
 * difference to the engine is what the engine's own connections save.
 */
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { Agent, request } from 'undici';
import type { FloorInput } from './floor-process.ts';
import { type Answer, PlainUpload } from './plain-upload.ts';

const input = JSON.parse(await text(process.stdin)) as FloorInput;
const { url, parts, partBytes, caFile } = input;
const connect = caFile === undefined ? {} : { ca: readFileSync(caFile) };
const dispatcher = new Agent({ allowH2: false, connections: parts, connect });
const upload = new PlainUpload(input, call);

await upload.create();
await readAndSend();
await upload.complete();
await dispatcher.close();

/** Reads the body into the buffers, and sends each buffer when it is full. */
async function readAndSend(): Promise<void> {
  const { statusCode, body } = await request(url, { dispatcher });
  if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}`);
  const free: Buffer[] = Array.from({ length: parts + 1 }, () => Buffer.allocUnsafeSlow(partBytes));
  const sending = new Set<Promise<void>>();
  let number = 0;
  let buffer = free.pop();
  let filled = 0;
  const send = (whole: Buffer, bytes: Buffer) => {
    number += 1;
    const sent = upload.send(number, bytes).then(() => {
      free.push(whole);
      sending.delete(sent);
    });
    sending.add(sent);
  };
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length; ) {
      while (buffer === undefined) {
        await Promise.race(sending);
        buffer = free.pop();
      }
      const copied = chunk.copy(buffer, filled, at);
      at += copied;
      filled += copied;
      if (filled < partBytes) continue;
      send(buffer, buffer);
      buffer = free.pop();
      filled = 0;
    }
  }
  if (buffer !== undefined && filled > 0) send(buffer, buffer.subarray(0, filled));
  await Promise.all(sending);
}

async function call(method: string, path: string, headers: Record<string, string>, bytes?: Buffer): Promise<Answer> {
  const { origin } = upload.endpoint;
  const body = bytes ?? null;
  const answer = await request(`${origin}${path}`, { dispatcher, method: method as 'PUT' | 'POST', headers, body });
  const said = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`${method} ${path}: ${answer.statusCode} ${said}`);
  return { etag: String(answer.headers.etag ?? ''), body: said };
}
