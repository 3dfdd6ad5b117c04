import { expect, it, vi } from 'vitest';

// The test files of one process share its modules. These tests need a pool that no transfer has filled.
vi.resetModules();
const { giveBuffer, takeBuffer } = await import('#transfer/parts/buffers.ts');

it('the pool of buffers returns a released buffer again, whole, and only for the same size', () => {
  const first = takeBuffer(1_000);
  giveBuffer(first.subarray(0, 10));
  expect(takeBuffer(999).buffer).not.toBe(first.buffer);
  const second = takeBuffer(1_000);
  expect(second.buffer === first.buffer).toBe(true);
  expect(second.length).toBe(1_000);
  expect(takeBuffer(1_000).buffer === first.buffer).toBe(false);
});

it('the pool of buffers keeps no more idle bytes than a few dozen MiB', () => {
  const size = 16 * 1_048_576;
  const buffers = Array.from({ length: 6 }, () => takeBuffer(size));
  for (const buffer of buffers) giveBuffer(buffer);
  const known = new Set(buffers.map(({ buffer }) => buffer));
  const again = Array.from({ length: 6 }, () => takeBuffer(size));
  expect(again.filter(({ buffer }) => known.has(buffer))).toHaveLength(4);
});
