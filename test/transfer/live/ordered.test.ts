import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Landing, startLanding } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { startSourceServer } from '#test/helpers/source-server.ts';
import { transfer } from '#transfer/index.ts';

const MIB = 1_048_576;

let landing: Landing;
beforeAll(async () => {
  landing = await startLanding();
});
afterAll(() => landing[Symbol.asyncDispose]());

it('an ordered transfer continues after the probe with one connection if parts become larger than the probe', async () => {
  // 60 GiB in 10,000 parts: 6.1 MiB each, more than the first request asked for, and less than a buffer.
  await using source = await startSourceServer({ file: { seed: 1, length: 60 * 1_024 * MIB } });
  const stop = new AbortController();
  const enough = new Error('enough');
  const landed = transfer({ url: source.url, expect: { sha256: '00'.repeat(32) } }, landing.destination('outgrown'), {
    guard: LOOPBACK,
    bufferBytes: 8 * MIB,
    partBytes: 5 * MIB,
    connections: 1,
    signal: stop.signal,
    onProgress: ({ bytes }) => bytes > 20 * MIB && stop.abort(enough),
  });
  await expect(landed).rejects.toBe(enough);
  expect(source.coverage().again).toBe(0);
});
