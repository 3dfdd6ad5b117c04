// @module-tag heavy

import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRawServer } from '#test/helpers/raw-server.ts';
import { contentBytes, faults, type SourceServer, startSourceServer } from '#test/helpers/source-server.ts';
import { startSplittingRelay } from '#test/helpers/splitting-relay.ts';
import { Asker } from '#test/transfer/lane/ask.ts';
import type { SourceAnswer } from '#transfer/source/reader.ts';

/** One seed again: SLUICE_TEST_SEED=123456. */
const SEED = Number(process.env.SLUICE_TEST_SEED ?? Math.floor(Date.now() % 2 ** 31));
const LENGTH = 3_000_000;

/** All of it by fills of one size. */
async function readAll({ body }: SourceAnswer, size: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (;;) {
    const target = Buffer.alloc(size);
    const bytes = await body.fill(target);
    pieces.push(target.subarray(0, bytes));
    if (bytes < size) return Buffer.concat(pieces);
  }
}

describe.each([false, true])('over TLS: %s', (tls) => {
  it.each([
    ['chunks', faults.chunked()],
    ['large chunks', faults.chunked(500_000)],
    ['small chunks', faults.chunked(100)],
    ['chunks and trailers', [faults.chunked(), faults.trailers({ 'X-After': 'all' })]],
    ['no length', faults.closeDelimited()],
    ['an encoding that is not undone', faults.headers({ 'Content-Encoding': 'gzip' })],
  ])('the lane reads every byte of an answer once: %s', async (_, fault) => {
    await using source = await startSourceServer({
      file: { seed: 'on', length: LENGTH },
      tls,
      rules: [{ faults: fault }],
    });
    for (const size of [1_000, 70_000, LENGTH + 1]) {
      const asker = new Asker(source.url, source);
      const all = await readAll(await asker.ask({ from: 0, length: LENGTH }), size);
      expect(all.equals(contentBytes('on', 0, LENGTH))).toBe(true);
      await expect.poll(() => asker.closed).toBe(1);
    }
    expect(source.requests.length).toBe(3);
  });

  it('the lane stops reading from the source while no fill waits', async () => {
    const file = { seed: 'on', length: 64_000_000 };
    await using source = await startSourceServer({ file, tls, rules: [{ faults: faults.chunked() }] });
    const answer = await new Asker(source.url, source).ask({ from: 0, length: file.length });
    await answer.body.fill(Buffer.alloc(1_000));
    const before = process.memoryUsage().arrayBuffers;
    await sleep(200);
    // All that came would be 64 MB.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16_000_000);
    answer.body.destroy();
    await expect.poll(() => source.connections.open).toBe(0);
  });
});

describe('cut anywhere', () => {
  let source: SourceServer;
  beforeAll(async () => {
    const rules = [{ faults: [faults.interim(103, 2), faults.chunked(1_000)] }];
    source = await startSourceServer({ file: { seed: 'on', length: 20_000 }, rules });
  });
  afterAll(() => source.stop());

  async function readCut(cuts: readonly number[]): Promise<void> {
    await using relay = await startSplittingRelay(source.origin, cuts);
    const url = new URL(source.url);
    url.port = String(relay.port);
    const all = await readAll(await new Asker(url.href).ask({ from: 0, length: 20_000 }), 7_000);
    expect(all.equals(contentBytes('on', 0, 20_000))).toBe(true);
  }

  it('the lane reads an answer whose head, with others before it, is cut anywhere', async () => {
    for (let at = 1; at < 500; at += 3) await readCut([at]);
    await readCut(Array.from({ length: 600 }, () => 1));
  });

  it(`the lane reads random cuts, seed ${SEED}`, async () => {
    const cuts = fc.array(fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 3_000 })), { maxLength: 60 });
    await fc.assert(fc.asyncProperty(cuts, readCut), { seed: SEED, numRuns: 100 });
  });
});

it('the lane reports a reset of the connection as a fault of the source', async () => {
  await using server = await startRawServer((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
    setTimeout(() => socket.resetAndDestroy(), 20);
  });
  const asker = new Asker(server.url);
  const { body } = await asker.ask({ from: 0, length: 10 });
  await expect(body.fill(Buffer.alloc(10))).rejects.toMatchObject({ name: 'SourceFaultError' });
  expect(asker.closed).toBe(1);
});

it('the lane keeps a connection for the next request after a body in chunks', async () => {
  await using source = await startSourceServer({
    file: { seed: 'on', length: LENGTH },
    rules: [{ faults: faults.chunked() }],
  });
  const asker = new Asker(source.url);
  for (let time = 0; time < 3; time++) await readAll(await asker.ask({ from: 0, length: 100_000 }), 70_000);
  expect(source.connections.accepted).toBe(1);
});

/** Answers as they go over the wire, and what is read of each; undefined where it is a fault. */
const ANSWERS: [string, string, string | undefined][] = [
  ['the end of the connection ends a body', 'HTTP/1.1 200 OK\r\n\r\nabc', 'abc'],
  ['HTTP/1.0 with a length', 'HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc', 'abc'],
  ['HTTP/1.0 without a length', 'HTTP/1.0 200 OK\r\n\r\nabc', 'abc'],
  ['a length that is stated twice', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc', 'abc'],
  [
    'a chunk with an extension',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3;a="b"\r\nabc\r\n0\r\n\r\n',
    'abc',
  ],
  ['trailers', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n', 'abc'],
  [
    'provisional answers',
    'HTTP/1.1 100 C\r\n\r\nHTTP/1.1 103 E\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc',
    'abc',
  ],
  ['chunks without the last one', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n', undefined],
  [
    'a chunk longer than its size',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n',
    undefined,
  ],
  ['a size that is none', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n', undefined],
  [
    'a size that overflows',
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'f'.repeat(16)}\r\nabc\r\n0\r\n\r\n`,
    undefined,
  ],
  [
    'a chunk head that ends in a line feed alone',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n',
    undefined,
  ],
  ['more than its length', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcde', undefined],
  ['more than its chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nde', undefined],
  [
    'chunks and a length',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
    undefined,
  ],
  ['HTTP/1.0 in chunks', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n', undefined],
];

it.each(ANSWERS)('the lane reads %s', async (_, answer, right) => {
  for (const cuts of [[], [1], Array.from(answer, () => 1)]) {
    await using server = await startRawServer((socket) => {
      let at = 0;
      for (const size of cuts) {
        socket.write(answer.slice(at, at + size), 'latin1');
        at += size;
      }
      socket.end(answer.slice(at), 'latin1');
    });
    const read = async () => String(await readAll(await new Asker(server.url).ask({ from: 0, length: 3 }), 10));
    if (right === undefined) await expect(read()).rejects.toMatchObject({ name: 'SourceFaultError' });
    else expect(await read()).toBe(right);
  }
});
