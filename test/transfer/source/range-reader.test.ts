import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { contentBytes, type FaultRule, faults, startSourceServer } from '#test/helpers/source-server.ts';
import { SourceUnavailableError } from '#transfer/errors.ts';
import { HostGate } from '#transfer/source/host-gate.ts';
import type { SourceLimits } from '#transfer/source/limits.ts';
import { RangeReader } from '#transfer/source/range-reader.ts';
import { SourceSession } from '#transfer/source/session.ts';

const MIB = 1_048_576;
const LENGTH = 3 * MIB;
const OFFSET = 100_000;
const CUT: FaultRule = { when: { nth: 1 }, faults: faults.cut(MIB + 5) };

async function startReading(rules: readonly FaultRule[] = [], limits: SourceLimits = {}) {
  const source = await startSourceServer({ file: { seed: 'range', length: 10 * MIB, etag: '"v1"' }, rules });
  const given = { url: source.url, limits: { backoffSeconds: 0.01, ...limits } };
  const session = new SourceSession(given, new HostGate(4), undefined, LOOPBACK);
  const pins = { etag: '"v1"', total: 10 * MIB, origin: source.origin };
  const wanted = { pins, offset: OFFSET, length: LENGTH, signal: AbortSignal.timeout(60_000) };
  const reader = new RangeReader(session, wanted);
  const shown: Buffer[] = [];
  return {
    source,
    session,
    reader,
    /** Fills one target, and checks its bytes, which are those from `at` in the range. */
    async fill(at: number, bytes: number) {
      const target = Buffer.alloc(bytes);
      await reader.fill(target, (piece) => shown.push(Buffer.from(piece)));
      expect(target.equals(contentBytes('range', OFFSET + at, bytes))).toBe(true);
    },
    expectAllShownOnce: () => expect(Buffer.concat(shown).equals(contentBytes('range', OFFSET, LENGTH))).toBe(true),
    async [Symbol.asyncDispose]() {
      reader.destroy();
      await source[Symbol.asyncDispose]();
    },
  };
}

it('a range reader fills one target after another from the answer to one request', async () => {
  await using reading = await startReading();
  await reading.fill(0, MIB);
  await reading.fill(MIB, 7);
  await reading.fill(MIB + 7, 2 * MIB - 7);
  reading.expectAllShownOnce();
  expect(reading.source.requests).toHaveLength(1);
  expect(reading.source.coverage()).toEqual({ once: LENGTH, again: 0 });
});

it('a range reader requests only the missing bytes after a cut in the second target', async () => {
  await using reading = await startReading([CUT]);
  await reading.fill(0, MIB);
  await reading.fill(MIB, MIB);
  await reading.fill(2 * MIB, MIB);
  reading.expectAllShownOnce();
  expect(reading.source.requests.map(({ headers }) => headers.range)).toEqual([
    `bytes=${OFFSET}-${OFFSET + LENGTH - 1}`,
    `bytes=${OFFSET + MIB + 5}-${OFFSET + LENGTH - 1}`,
  ]);
  expect(reading.session.retries).toBe(1);
});

it('a range reader counts a cut against the source if it has read without a pause', async () => {
  await using reading = await startReading([CUT], { attempts: 1 });
  await reading.fill(0, MIB);
  await expect(reading.fill(MIB, MIB)).rejects.toThrow(SourceUnavailableError);
});

it('a range reader does not count a cut against the source if it has not read for a second', async () => {
  await using reading = await startReading([CUT], { attempts: 1 });
  await reading.fill(0, MIB);
  await sleep(1_100);
  await reading.fill(MIB, 2 * MIB);
  reading.expectAllShownOnce();
  expect(reading.session.retries).toBe(1);
});

it('a range reader that was released requests each further target by itself', async () => {
  await using reading = await startReading();
  await reading.fill(0, MIB);
  reading.reader.release();
  expect(reading.reader.begun).toBe(false);
  await reading.reader.begin(MIB);
  await reading.fill(MIB, MIB);
  await reading.fill(2 * MIB, MIB);
  reading.expectAllShownOnce();
  expect(reading.source.requests.map(({ headers }) => headers.range)).toEqual([
    `bytes=${OFFSET}-${OFFSET + LENGTH - 1}`,
    `bytes=${OFFSET + MIB}-${OFFSET + 2 * MIB - 1}`,
    `bytes=${OFFSET + 2 * MIB}-${OFFSET + LENGTH - 1}`,
  ]);
  expect(reading.session.retries).toBe(0);
});
