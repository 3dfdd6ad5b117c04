import { afterAll, beforeAll, expect, it } from 'vitest';
import { hasty, type Landing, startLanding } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { faults, startSourceServer } from '#test/helpers/source-server.ts';
import { transfer } from '#transfer/index.ts';

const MIB = 1_048_576;
let landing: Landing;
beforeAll(async () => {
  landing = await startLanding();
});
afterAll(() => landing[Symbol.asyncDispose]());

it.each([
  ['ranges', []],
  ['one stream of a stated length', [{ faults: faults.ignoreRange() }]],
  ['chunks', [{ faults: [faults.ignoreRange(), faults.chunked()] }]],
] as const)('refuses a source that is too long, by %s, and leaves nothing behind', async (way, rules) => {
  const length = 40 * MIB;
  await using source = await startSourceServer({ file: { length }, rules: [...rules] });
  const options = { guard: LOOPBACK, bufferBytes: 5 * MIB, connections: 2, maxBytes: 16 * MIB };
  const key = `too-long-${way}`;
  const landed = transfer(hasty(source.url), landing.destination(key), options);
  await expect(landed).rejects.toMatchObject({ name: 'TooLargeError' });
  await landing.expectNothing(key);
  expect(source.bodyBytes).toBeLessThan(length);
  expect(await transfer(hasty(source.url), landing.destination(key), { ...options, maxBytes: length })).toMatchObject({
    bytes: length,
  });
});
