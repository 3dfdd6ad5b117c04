import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRawServer } from '#test/helpers/raw-server.ts';
import { contentBytes, faults, type SourceServer, startSourceServer } from '#test/helpers/source-server.ts';
import { startSplittingRelay } from '#test/helpers/splitting-relay.ts';
import { Asker } from '#test/transfer/source/fast-lane/ask.ts';
import { undiciReadsOn } from '#transfer/source/by-undici.ts';
import { LaneDeviation } from '#transfer/source/fast-lane/deviation.ts';
import type { SourceAnswer, SourceRequest } from '#transfer/source/reader.ts';

/** One seed again: SLUICE_TEST_SEED=123456. */
const SEED = Number(process.env.SLUICE_TEST_SEED ?? Math.floor(Date.now() % 2 ** 31));
const LENGTH = 3_000_000;

/** An answer that the fast lane has begun to read, and undici reads on. */
async function readOn(asker: Asker, length: number, more: Partial<SourceRequest> = {}): Promise<SourceAnswer> {
  const range = { from: 0, length };
  const deviation = await asker.ask(range, more).catch((error: unknown) => error);
  if (!(deviation instanceof LaneDeviation) || deviation.connection === undefined) throw deviation;
  return undiciReadsOn(asker.request(range, more), deviation.connection);
}

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
    ['no length', faults.closeDelimited()],
  ])('gives undici every byte of an answer once, and the source hears of no second request: %s', async (_, fault) => {
    await using source = await startSourceServer({
      file: { seed: 'on', length: LENGTH },
      tls,
      rules: [{ faults: fault }],
    });
    for (const size of [1_000, 70_000, LENGTH + 1]) {
      const asker = new Asker(source.url, source);
      const all = await readAll(await readOn(asker, LENGTH), size);
      expect(all.equals(contentBytes('on', 0, LENGTH))).toBe(true);
      await expect.poll(() => asker.closed).toBe(1);
    }
    expect(source.requests.length).toBe(3);
    await expect.poll(() => source.connections.open).toBe(0);
  });

  it('holds the source back while nobody reads', async () => {
    const file = { seed: 'on', length: 64_000_000 };
    await using source = await startSourceServer({ file, tls, rules: [{ faults: faults.chunked() }] });
    const answer = await readOn(new Asker(source.url, source), file.length);
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
    const all = await readAll(await readOn(new Asker(url.href), 20_000), 7_000);
    expect(all.equals(contentBytes('on', 0, 20_000))).toBe(true);
  }

  it('reads an answer on whose head, with others before it, is cut anywhere', async () => {
    for (let at = 1; at < 500; at += 3) await readCut([at]);
    await readCut(Array.from({ length: 600 }, () => 1));
  });

  it(`reads random cuts, seed ${SEED}`, async () => {
    const cuts = fc.array(fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 3_000 })), { maxLength: 60 });
    await fc.assert(fc.asyncProperty(cuts, readCut), { seed: SEED, numRuns: 100 });
  });
});

it('closes the connection where the request is given up between the two readers', async () => {
  await using source = await startSourceServer({
    file: { seed: 'on', length: LENGTH },
    rules: [{ faults: faults.chunked() }],
  });
  const asker = new Asker(source.url);
  const deviation = (await asker.ask({ from: 0, length: 10 }).catch((error: unknown) => error)) as LaneDeviation;
  if (deviation.connection === undefined) throw deviation;
  const signal = AbortSignal.abort(new Error('given up'));
  await expect(undiciReadsOn(asker.request({ from: 0, length: 10 }, { signal }), deviation.connection)).rejects.toThrow(
    'given up',
  );
  expect(asker.closed).toBe(1);
  await expect.poll(() => source.connections.open).toBe(0);
});

it('tells a reset of the connection as a fault of the source', async () => {
  await using server = await startRawServer((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
    setTimeout(() => socket.resetAndDestroy(), 20);
  });
  const asker = new Asker(server.url);
  const { body } = await readOn(asker, 10);
  await expect(body.fill(Buffer.alloc(10))).rejects.toMatchObject({ name: 'SourceFaultError' });
  expect(asker.closed).toBe(1);
});
