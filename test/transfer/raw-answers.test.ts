import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasty, type Landing, startLanding } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { startRawServer } from '#test/helpers/raw-server.ts';
import { objectText } from '#test/helpers/s3-objects.ts';
import { type Source, type TransferOptions, transfer, undiciReader } from '#transfer/index.ts';

/** Answers of a source as they go over the wire, and what has to come of them. */
interface RawAnswer {
  readonly name: string;
  readonly answer: string;
  /** What the source does next. @default nothing: the connection stays open */
  readonly after?: (socket: Socket) => void;
  readonly source?: Partial<Source>;
  /** The caller's signal aborts after so long. */
  readonly abortMilliseconds?: number;
  /** The body that lands, or what the error says. */
  readonly right: string | RegExp;
}

const end = (socket: Socket) => socket.end();
const plenty = (socket: Socket) => socket.end(Buffer.alloc(1_000_000, 'x'));
const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKS = '5\r\nabcde\r\n0\r\n\r\n';

const ANSWERS: RawAnswer[] = [
  {
    name: 'a body without a length, then silence',
    answer: `${OK}Connection: close\r\n\r\nabc`,
    source: { limits: { idleSeconds: 0.3 } },
    right: /sends neither a length nor chunks|sent nothing/,
  },
  {
    name: 'a body without a length, then an abort by the caller',
    answer: `${OK}Connection: close\r\n\r\nabc`,
    abortMilliseconds: 100,
    right: /the caller has had enough/,
  },
  {
    name: 'chunks without their end, then an abort by the caller',
    answer: `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n`,
    abortMilliseconds: 100,
    right: /the caller has had enough/,
  },
  {
    name: 'a 100 Continue that nobody asked for',
    answer: `HTTP/1.1 100 Continue\r\n\r\n${OK}Content-Length: 5\r\n\r\nabcde`,
    right: 'abcde',
  },
  {
    name: 'a 103 Early Hints, then chunks',
    answer: `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${OK}Transfer-Encoding: chunked\r\n\r\n${CHUNKS}`,
    right: 'abcde',
  },
  {
    name: 'ten provisional answers, then chunks',
    answer: `${'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n'.repeat(5)}${OK}Transfer-Encoding: chunked\r\n\r\n${CHUNKS}`,
    right: 'abcde',
  },
  { name: 'more bytes than the length', answer: `${OK}Content-Length: 5\r\n\r\nabcdefghij`, right: /more bytes than/ },
  {
    name: 'more bytes than the length, then the end',
    answer: `${OK}Connection: close\r\nContent-Length: 5\r\n\r\nabcdefghij`,
    after: end,
    right: /more bytes than/,
  },
  {
    name: 'more bytes than the chunks',
    answer: `${OK}Transfer-Encoding: chunked\r\n\r\n${CHUNKS}fghij`,
    right: /more bytes than/,
  },
  {
    name: 'a megabyte more than the length',
    answer: `${OK}Content-Length: 5\r\n\r\nabcde`,
    after: plenty,
    right: /more bytes than/,
  },
  {
    name: 'the same length twice',
    answer: `${OK}Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde`,
    right: 'abcde',
  },
  {
    name: 'two lengths that differ',
    answer: `${OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef`,
    right: /Length/,
  },
];

let landing: Landing;
beforeAll(async () => {
  landing = await startLanding();
});
afterAll(() => landing[Symbol.asyncDispose]());

async function land(url: string, key: string, raw: Partial<RawAnswer>, options: TransferOptions = {}) {
  const stop = new AbortController();
  const timer =
    raw.abortMilliseconds === undefined
      ? undefined
      : setTimeout(() => stop.abort(new Error('the caller has had enough')), raw.abortMilliseconds);
  try {
    const given = hasty(url, { ...raw.source, limits: { attempts: 2, ...raw.source?.limits } });
    return await transfer(given, landing.destination(key), { guard: LOOPBACK, signal: stop.signal, ...options });
  } finally {
    clearTimeout(timer);
  }
}

async function expectRight(key: string, right: string | RegExp, landed: Promise<unknown>): Promise<void> {
  if (typeof right === 'string') {
    expect(await landed).toMatchObject({ status: 'landed', bytes: right.length });
    expect(await objectText(landing.s3.client, landing.bucket, key)).toBe(right);
  } else {
    await expect(landed).rejects.toThrow(right);
    await landing.expectNothing(key);
  }
}

describe('an answer as it goes over the wire', () => {
  it.each(ANSWERS)('$name → $right', async (raw) => {
    await using server = await startRawServer((socket) => {
      socket.write(raw.answer, 'latin1');
      raw.after?.(socket);
    });
    await expectRight(raw.name, raw.right, land(server.url, raw.name, raw));
  });

  it('leaves other transfers of the process alone, however often a caller aborts', async () => {
    await using server = await startRawServer((socket) => {
      socket.write(`${OK}Connection: close\r\n\r\nabc`);
    });
    await using good = await startRawServer((socket) => {
      setTimeout(() => socket.write(`${OK}Content-Length: 5\r\n\r\nabcde`), 200);
    });
    const others = land(good.url, 'other', {});
    const aborted = Array.from({ length: 20 }, (_, n) =>
      land(server.url, `aborted-${n}`, { abortMilliseconds: 10 * n, source: { allowUnprovenEnd: true } }),
    );
    for (const outcome of await Promise.allSettled(aborted)) expect(outcome.status).toBe('rejected');
    await expectRight('other', 'abcde', others);
  });
});

it('undici skips provisional answers too, on new and on kept connections', async () => {
  await using server = await startRawServer((socket) => {
    for (const piece of ['HTTP/1.1 100 Cont', 'inue\r\n', '\r\nHTTP/1.1 103 Early', ` Hints\r\n\r\n${OK}`])
      socket.write(piece);
    socket.write('Content-Length: 5\r\n\r\nabcde');
  });
  for (const key of ['undici-1', 'undici-2', 'undici-3']) {
    await expectRight(key, 'abcde', land(server.url, key, {}, { reader: undiciReader }));
  }
  expect(server.accepted).toBe(1);
});
