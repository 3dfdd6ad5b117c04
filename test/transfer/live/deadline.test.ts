import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { type Landing, startLanding } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { contentHashes, faults, startSourceServer } from '#test/helpers/source-server.ts';
import { NotInTimeError, transfer } from '#transfer/index.ts';
import { Pace } from '#transfer/source/pace.ts';

const MIB = 1_048_576;
const LENGTH = 12 * MIB;
const OPTIONS = { guard: LOOPBACK, bufferBytes: 5 * MIB, connections: 2 };
const { sha256 } = contentHashes('v1', LENGTH);

let landing: Landing;
beforeAll(async () => {
  landing = await startLanding();
});
afterAll(() => landing[Symbol.asyncDispose]());
afterEach(() => {
  vi.useRealTimers();
});

it.each(['one stream', 'in order'])('a transfer with a deadline ends in the middle of a part, by %s', async (way) => {
  const drip = faults.drip(300_000);
  await using source = await startSourceServer({
    file: { seed: 'v1', length: LENGTH },
    rules: [{ faults: way === 'one stream' ? [drip, faults.ignoreRange()] : drip }],
  });
  const key = `in the middle ${way}`;
  const given = { url: source.url, ...(way === 'in order' ? { expect: { sha256 } } : {}) };
  const deadline = new Date(Date.now() + 1_500);
  await expect(transfer(given, landing.destination(key), { ...OPTIONS, deadline })).rejects.toThrow(NotInTimeError);
  // The first part alone takes 17 s.
  const sent = source.requests.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0);
  expect(sent).toBeLessThan(5 * MIB);
  await landing.expectNothing(key);
});

it.each([
  ['ranges', []],
  ['a plain answer', [faults.ignoreRange()]],
  ['chunks', [faults.ignoreRange(), faults.chunked(50)]],
  ['no byte at all', [faults.stall(100)]],
])('ends while a small file arrives slowly in the probe, by %s', async (way, more) => {
  await using source = await startSourceServer({
    file: { seed: 'v1', length: 20_000 },
    rules: [{ faults: [faults.drip(1_000), ...more] }],
  });
  const deadline = new Date(Date.now() + 1_500);
  const given = { url: source.url, limits: { idleSeconds: 1, backoffSeconds: 0.01, attempts: 100 } };
  const key = `small drip ${way}`;
  await expect(transfer(given, landing.destination(key), { ...OPTIONS, deadline })).rejects.toThrow(NotInTimeError);
  // The whole file takes 20 s: the transfer may not wait for its end.
  const sent = source.requests.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0);
  expect(sent).toBeLessThan(15_000);
  await landing.expectNothing(key);
});

it.each([30, 100_000])('a transfer with a deadline has enough time if the deadline is %i days away', async (days) => {
  await using source = await startSourceServer({ file: { seed: 'v1', length: LENGTH } });
  const deadline = new Date(Date.now() + days * 86_400_000);
  const key = `in ${days} days`;
  const landed = await transfer({ url: source.url }, landing.destination(key), { ...OPTIONS, deadline });
  await landing.expectLanded(key, 'v1', LENGTH, landed);
});

it('a transfer with a deadline has no limit without a deadline', async () => {
  const none = Number.POSITIVE_INFINITY;
  await using source = await startSourceServer({
    file: { seed: 'v1', length: LENGTH },
    rules: [{ faults: faults.delay(50) }],
  });
  const limits = { headSeconds: none, connectSeconds: none, idleSeconds: none, minSpeedSeconds: none, attempts: 1 };
  const destination = landing.destination('no limit', { stallSeconds: none });
  const landed = await transfer({ url: source.url, limits }, destination, OPTIONS);
  await landing.expectLanded('no limit', 'v1', LENGTH, landed);
});

it('a transfer with a deadline stops a small file early if its rate shows that it will not end before the deadline, so that another process lands it', () => {
  vi.useFakeTimers();
  // A Lambda's time, and 2 MB at 1,500 bytes a second: above the minimum speed, and 22 minutes.
  const pace = new Pace('a source', new Date(Date.now() + 870_000), 2_000_000);
  pace.check(0);
  vi.advanceTimersByTime(9_000);
  pace.check(13_500);
  vi.advanceTimersByTime(2_000);
  expect(() => pace.check(16_500)).toThrow(/needs about/);
});

it('a transfer with a deadline measures from the first byte on, however long nothing was read before', () => {
  vi.useFakeTimers();
  const pace = new Pace('a source', new Date(Date.now() + 300_000), 100_000_000);
  vi.advanceTimersByTime(60_000);
  pace.check(0);
  vi.advanceTimersByTime(11_000);
  // At this rate it takes 44 s more, of the 229 that are left.
  pace.check(20_000_000);
  expect(() => pace.check(2_000_000)).toThrow(NotInTimeError);
});
