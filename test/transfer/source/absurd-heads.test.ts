import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { startRawServer } from '#test/helpers/raw-server.ts';
import { Asker } from '../lane/ask.ts';

const RANGE = { from: 0, length: 10 };
const BODY = '0123456789';
const partial = (fields: string) =>
  `HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-9/10\r\nContent-Length: 10\r\n${fields}\r\n${BODY}`;
const plain = (fields: string) => `HTTP/1.1 200 OK\r\n${fields}\r\n${BODY}`;
const MIB = 1_048_576;
const long = 'x'.repeat(MIB);

/** Writes as long as somebody reads. */
function pour(socket: Socket, begin: string, again: string): void {
  const more = () => {
    while (!socket.destroyed && socket.write(again));
  };
  socket.write(begin);
  socket.on('drain', more);
  more();
}

interface Absurd {
  readonly head: string | ((socket: Socket) => void);
  /** The body can be read all the same. */
  readonly read?: true;
}

const CASES: Record<string, Absurd> = {
  '10,000 header lines': {
    head: partial(Array.from({ length: 10_000 }, (_, n) => `X-Line-${n}: y\r\n`).join('')),
  },
  'a header line of a mebibyte': { head: partial(`X-Long: ${long}\r\n`) },
  'a header name of a mebibyte': { head: partial(`${long}: y\r\n`) },
  'header lines without end': {
    head: (socket) => pour(socket, 'HTTP/1.1 206 Partial Content\r\n', 'X-Line: y\r\n'.repeat(1_000)),
  },
  'a control character in a header name': {
    head: partial('X-\x01Name: y\r\n'),
  },
  'an escape in a header value': { head: partial('X-Name: \x1b[2J\r\n') },
  // Its text is thrown away as it comes.
  'a status line of 4 MiB': { head: partial('').replace('Partial Content', long.repeat(4)) },
  'a status line without end': { head: (socket) => pour(socket, 'HTTP/1.1 200 ', long) },
  'a status of 99': { head: plain('').replace('200', '099') },
  'provisional answers without end': {
    head: (socket) => pour(socket, '', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(500)),
  },
  'a negative Content-Length': { head: plain('Content-Length: -10\r\n') },
  'a Content-Length of +10': { head: plain('Content-Length: +10\r\n') },
  'a Content-Length of 2^64': {
    head: plain(`Content-Length: ${2n ** 64n}\r\n`),
  },
  'two Content-Lengths that are the same': {
    head: plain('Content-Length: 10\r\nContent-Length: 10\r\n'),
    read: true,
  },
  'two Content-Lengths that differ': {
    head: plain('Content-Length: 10\r\nContent-Length: 5\r\n'),
  },
  'a Content-Length that is a list': {
    head: plain('Content-Length: 10, 10\r\n'),
    read: true,
  },
};

it.each(Object.entries(CASES))('an absurd head is a named fault, or is read anyway: %s', async (_, { head, read }) => {
  await using server = await startRawServer((socket) => {
    if (typeof head === 'string') socket.write(head, 'latin1');
    else head(socket);
  });
  const asker = new Asker(server.url, { limits: { headSeconds: 2 } });
  if (read) {
    const target = Buffer.alloc(RANGE.length);
    const { body } = await asker.ask(RANGE);
    expect(await body.fill(target)).toBe(RANGE.length);
    expect(target.toString()).toBe(BODY);
    return;
  }
  const failure = await asker.ask(RANGE).catch((error: unknown) => error);
  expect(failure).toMatchObject({ name: 'SourceFaultError' });
  expect((failure as Error).message).toMatch(/can not be read/);
  expect((failure as Error).message.length).toBeLessThan(500);
});

it.each(['9223372036854775808', '9999999999999999'])(
  'a Content-Length of %s promises bytes that never come',
  async (length) => {
    await using server = await startRawServer((socket) => socket.end(plain(`Content-Length: ${length}\r\n`)));
    const asker = new Asker(server.url, { limits: { idleSeconds: 1 } });
    await expect(asker.ask(RANGE)).rejects.toThrow(/can not be read/);
  },
);
