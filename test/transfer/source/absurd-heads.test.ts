import type { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { startRawServer } from '#test/helpers/raw-server.ts';
import type { SourceAnswer } from '#transfer/source/reader.ts';
import { undiciReader } from '#transfer/source/undici-reader.ts';
import { Asker } from './fast-lane/ask.ts';

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
  /** What undici's reader says; undefined where it reads the body and nothing of the head matters. */
  readonly refused: RegExp | undefined;
  /** The engine's own reader reads the body. */
  readonly read?: true;
}

const CASES: Record<string, Absurd> = {
  '10,000 header lines': {
    head: partial(Array.from({ length: 10_000 }, (_, n) => `X-Line-${n}: y\r\n`).join('')),
    refused: /Headers Overflow/,
  },
  'a header line of a mebibyte': { head: partial(`X-Long: ${long}\r\n`), refused: /Headers Overflow/ },
  'a header name of a mebibyte': { head: partial(`${long}: y\r\n`), refused: /Headers Overflow/ },
  'header lines without end': {
    head: (socket) => pour(socket, 'HTTP/1.1 206 Partial Content\r\n', 'X-Line: y\r\n'.repeat(1_000)),
    refused: /Headers Overflow/,
  },
  'a control character in a header name': {
    head: partial('X-\x01Name: y\r\n'),
    refused: /broke|connection to \S+ failed/,
  },
  'an escape in a header value': { head: partial('X-Name: \x1b[2J\r\n'), refused: /broke|connection to \S+ failed/ },
  // Its text is thrown away as it comes.
  'a status line of 4 MiB': { head: partial('').replace('Partial Content', long.repeat(4)), refused: undefined },
  'a status line without end': { head: (socket) => pour(socket, 'HTTP/1.1 200 ', long), refused: /no answer within/ },
  'a status of 99': { head: plain('').replace('200', '099'), refused: /broke|connection to \S+ failed/ },
  'provisional answers without end': {
    head: (socket) => pour(socket, '', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(500)),
    refused: /33 provisional answers/,
  },
  'a negative Content-Length': { head: plain('Content-Length: -10\r\n'), refused: /broke|connection to \S+ failed/ },
  'a Content-Length of +10': { head: plain('Content-Length: +10\r\n'), refused: /broke|connection to \S+ failed/ },
  'a Content-Length of 2^64': {
    head: plain(`Content-Length: ${2n ** 64n}\r\n`),
    refused: /broke|connection to \S+ failed/,
  },
  'two Content-Lengths that are the same': {
    head: plain('Content-Length: 10\r\nContent-Length: 10\r\n'),
    refused: /broke|connection to \S+ failed/,
    read: true,
  },
  'two Content-Lengths that differ': {
    head: plain('Content-Length: 10\r\nContent-Length: 5\r\n'),
    refused: /broke|connection to \S+ failed/,
  },
  'a Content-Length that is a list': {
    head: plain('Content-Length: 10, 10\r\n'),
    refused: /broke|connection to \S+ failed/,
    read: true,
  },
};

it.each(Object.entries(CASES))('are a named fault, or read all the same, by both readers: %s', async (_, absurd) => {
  const { head, refused } = absurd;
  await using server = await startRawServer((socket) => {
    if (typeof head === 'string') socket.write(head, 'latin1');
    else head(socket);
  });
  const asker = new Asker(server.url, { limits: { headSeconds: 2 } });
  const check = async (asked: Promise<SourceAnswer>, message: RegExp | undefined) => {
    if (message === undefined) {
      const target = Buffer.alloc(RANGE.length);
      const { body } = await asked;
      expect(await body.fill(target)).toBe(RANGE.length);
      expect(target.toString()).toBe(BODY);
      return;
    }
    const failure = await asked.catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'SourceFaultError' });
    expect((failure as Error).message).toMatch(message);
    expect((failure as Error).message.length).toBeLessThan(500);
  };
  await check(asker.ask(RANGE), absurd.read ? undefined : /can not be read/);
  await check(undiciReader(asker.request(RANGE)), refused);
});

it.each(['9223372036854775808', '9999999999999999'])(
  'a Content-Length of %s promises what never comes',
  async (length) => {
    await using server = await startRawServer((socket) => socket.end(plain(`Content-Length: ${length}\r\n`)));
    const asker = new Asker(server.url, { limits: { idleSeconds: 1 } });
    await expect(asker.ask(RANGE)).rejects.toThrow(/can not be read/);
    const { body } = await undiciReader(asker.request(RANGE));
    await expect(body.fill(Buffer.alloc(20))).rejects.toMatchObject({ name: 'SourceFaultError' });
  },
);
