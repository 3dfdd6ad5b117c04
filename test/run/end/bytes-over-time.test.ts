import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BytesOverTime } from '#run/end/bytes-over-time.ts';

const START = Date.parse('2026-11-27T04:30:00Z');
const transfer = fc.record({
  from: fc.integer({ min: START, max: START + 40 * 86_400_000 }),
  length: fc.integer({ min: 0, max: 86_400_000 }),
  bytes: fc.integer({ min: 1, max: 1e12 }),
});
const counted = (transfers: readonly { from: number; length: number; bytes: number }[]) => {
  const over = new BytesOverTime();
  for (const { from, length, bytes } of transfers) over.add(from, from + length, bytes);
  return over;
};
const total = ({ steps }: BytesOverTime) => steps.reduce((sum, [, bytes]) => sum + bytes, 0);

it('bytes over time lose no byte, and have at most 240 steps for any span', () => {
  fc.assert(
    fc.property(fc.array(transfer, { maxLength: 30 }), (transfers) => {
      const over = counted(transfers);
      const bytes = transfers.reduce((sum, one) => sum + one.bytes, 0);
      expect(Math.abs(total(over) - bytes)).toBeLessThanOrEqual(bytes * 1e-9);
      const numbers = over.steps.map(([step]) => step);
      if (numbers.length > 0) expect((numbers.at(-1) ?? 0) - (numbers[0] ?? 0)).toBeLessThan(240);
    }),
  );
});

it('one counter and the sum of several counters give the same bytes over time', () => {
  fc.assert(
    fc.property(fc.array(transfer, { maxLength: 20 }), fc.array(transfer, { maxLength: 20 }), (some, others) => {
      const added = counted(some);
      added.addAll(JSON.parse(JSON.stringify(counted(others))));
      const whole = counted([...some, ...others]);
      expect(added.stepMs).toBe(whole.stepMs);
      expect(added.steps.map(([step]) => step)).toEqual(whole.steps.map(([step]) => step));
    }),
  );
});

it('the bytes of a transfer are spread evenly over its time', () => {
  const over = counted([{ from: 1_000, length: 1_000, bytes: 800 }]);
  expect(over.stepMs).toBe(125);
  expect(over.steps.slice(0, 8)).toEqual(Array.from({ length: 8 }, (_, n) => [8 + n, 100]));
});
