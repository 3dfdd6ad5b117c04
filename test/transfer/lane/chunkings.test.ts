// @module-tag heavy

import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentBytes, type SourceServer, startSourceServer } from '#test/helpers/source-server.ts';
import { startSplittingRelay } from '#test/helpers/splitting-relay.ts';
import { Asker } from '#test/transfer/lane/ask.ts';

/** One seed again: SLUICE_TEST_SEED=123456. */
const SEED = Number(process.env.SLUICE_TEST_SEED ?? Math.floor(Date.now() % 2 ** 31));
const LENGTH = 200_000;
const MARK = 0xee;
/** Longer than any head of the test source with what TLS adds to it. */
const WHOLE_HEAD = 400;

/**
 * An answer read through a relay that cuts it up, by fills of the given sizes with a turn of the event loop between.
 */
async function readCut(
  source: SourceServer,
  cuts: readonly number[],
  from: number,
  fills: readonly number[],
): Promise<void> {
  await using relay = await startSplittingRelay(source.origin, cuts);
  const url = new URL(source.url);
  url.port = String(relay.port);
  const asker = new Asker(url.href, source);
  const length = fills.reduce((sum, size) => sum + size, 0);
  // Twice over one connection: what one answer leaves behind would show in the next.
  for (let time = 0; time < 2; time++) {
    const all = Buffer.alloc(length + 100, MARK);
    const seen: Buffer[] = [];
    const answer = await asker.ask({ from, length });
    await turn();
    let at = 0;
    for (const size of fills) {
      expect(await answer.body.fill(all.subarray(at, at + size), (piece) => seen.push(Buffer.from(piece)))).toBe(size);
      at += size;
      if (at % 3 === 0) await turn();
    }
    expect(await answer.body.fill(new Uint8Array(1))).toBe(0);
    const right = contentBytes('cut', from, length);
    expect(all.subarray(0, length).equals(right)).toBe(true);
    expect(Buffer.concat(seen).equals(right)).toBe(true);
    expect(all.subarray(length).every((byte) => byte === MARK)).toBe(true);
  }
  expect(asker.closed).toBe(2);
}

describe.each([false, true])('over TLS: %s', (tls) => {
  let source: SourceServer;
  beforeAll(async () => {
    source = await startSourceServer({ file: { seed: 'cut', length: LENGTH }, tls });
  });
  afterAll(() => source.stop());

  it('the lane reads an answer that comes byte by byte', async () => {
    await readCut(
      source,
      Array.from({ length: 3_000 }, () => 1),
      77,
      [60, 1, 1, 40],
    );
  });

  it('the lane reads an answer whose head is cut anywhere, body bytes in the same read or not', async () => {
    for (let at = 1; at < WHOLE_HEAD; at += tls ? 13 : 1) await readCut(source, [at], at, [30]);
  }, 60_000);

  it('the lane reads a body with a pause at every offset', async () => {
    for (let at = 1; at < 120; at += tls ? 7 : 1) await readCut(source, [], 5_000, [at, 120 - at]);
    await readCut(
      source,
      [],
      5_000,
      Array.from({ length: 120 }, () => 1),
    );
  }, 60_000);

  it(`the lane reads random cuts by random fills, seed ${SEED}`, async () => {
    const cuts = fc.array(
      fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 70_000 })),
      {
        maxLength: 60,
      },
    );
    const fills = fc.array(
      fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 30_000 })),
      {
        minLength: 1,
        maxLength: 6,
      },
    );
    const offset = fc.integer({ min: 0, max: 10_000 });
    await fc.assert(
      fc.asyncProperty(cuts, offset, fills, (sizes, from, wanted) => readCut(source, sizes, from, wanted)),
      { seed: SEED, numRuns: 150 },
    );
  }, 120_000);
});
