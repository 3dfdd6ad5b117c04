import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { startRawServer } from '#test/helpers/raw-server.ts';
import { sendByHttp } from '#transfer/s3/http-transport.ts';
import { sendByLane } from '#transfer/s3/lane-transport.ts';

/** More than the buffers of both ends of a connection. */
const LARGE = Buffer.alloc(20_000_000, 'x');
const OPTIONS = { agents: {}, signal: new AbortController().signal, stallSeconds: 60, askFirst: false };

/** Sends a body to an S3 that answers at the head of the request, and reads no further. */
async function sendTo(answer: string, askFirst = false) {
  await using s3 = await startRawServer((socket) => {
    socket.pause();
    socket.write(answer);
  });
  const { protocol, hostname, port, host } = new URL(s3.url);
  const headers = { host, 'content-length': String(LARGE.length) };
  const to = { method: 'PUT', protocol, hostname, port: Number(port), path: '/bucket/key', query: {}, headers };
  return await sendByHttp(to, (write) => write(LARGE), { ...OPTIONS, askFirst });
}

it.each([false, true])(
  "an agent's connection returns an error that comes during the write of the body, asked first: %s",
  async (askFirst) => {
    const { statusCode, body } = await sendTo('HTTP/1.1 503 Slow Down\r\nContent-Length: 4\r\n\r\nslow', askFirst);
    expect([statusCode, String(body)]).toEqual([503, 'slow']);
  },
);

it.each([false, true])(
  "an agent's connection does not take a 200 that comes before the body was sent as a success, asked first: %s",
  async (askFirst) => {
    const sending = sendTo('HTTP/1.1 200 OK\r\nEtag: "etag"\r\nContent-Length: 0\r\n\r\n', askFirst);
    await expect(sending).rejects.toMatchObject({
      message: 'S3 answered 200 before it had the whole body',
      code: 'ECONNRESET',
    });
  },
);

/** Sends pieces of a body in chunks, for as long as the other end reads. */
async function flood(socket: Socket, bytes: number, milliseconds: number) {
  socket.write('HTTP/1.1 200 OK\r\nEtag: "etag"\r\nTransfer-Encoding: chunked\r\n\r\n');
  const chunk = `${bytes.toString(16)}\r\n${' '.repeat(bytes)}\r\n`;
  while (!socket.destroyed) {
    socket.write(chunk);
    await sleep(milliseconds);
  }
}

it.each([
  ['an agent', 'trickles', sendByHttp, 1, 20, 'did not end within 5 s|sent nothing for 0.5 s'],
  ['the lane', 'trickles', sendByLane, 1, 20, 'did not end within 5 s|sent nothing for 0.5 s'],
  ['an agent', 'grows', sendByHttp, 4_194_304, 1, 'has more than 67108864 bytes'],
  ['the lane', 'grows', sendByLane, 4_194_304, 1, 'has more than 67108864 bytes'],
] as const)('%s ends an answer without an end: %s', async (_, how, send, bytes, milliseconds, words) => {
  await using s3 = await startRawServer((socket) => void flood(socket, bytes, milliseconds));
  const { protocol, hostname, port, host } = new URL(s3.url);
  const to = {
    method: 'GET',
    protocol,
    hostname,
    port: Number(port),
    path: '/bucket/key',
    query: {},
    headers: { host },
  };
  const stallSeconds = how === 'grows' ? 60 : 0.5;
  await expect(send(to, async () => {}, { ...OPTIONS, stallSeconds })).rejects.toThrow(new RegExp(words));
  await expect.poll(() => s3.open).toBe(0);
});
