import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { partRange, slicesOf, TooLargeError, TooLargeForOneStreamError } from '#transfer/index.ts';
import { MAX_PARTS, planParts } from '#transfer/parts/plan.ts';
import { streamSchedule } from '#transfer/parts/stream-parts.ts';

const MIB = 1_048_576;
const GIB = 1_024 * MIB;
const TIB = 1_024 * GIB;

const totals = fc.oneof(fc.integer({ min: 1, max: 100 * MIB }), fc.integer({ min: 1, max: 48 * TIB }));

describe('planParts', () => {
  it('planParts covers every byte once with at most 10,000 parts, all equal except the last', () => {
    fc.assert(
      fc.property(totals, fc.integer({ min: 5 * MIB, max: 64 * MIB }), (total, smallest) => {
        const plan = planParts(total, smallest);
        const last = partRange(plan, plan.count);
        expect(plan.count).toBeLessThanOrEqual(MAX_PARTS);
        expect(plan.partBytes).toBeGreaterThanOrEqual(smallest);
        expect(last.offset + last.length).toBe(total);
        expect(last.length).toBeGreaterThan(0);
        if (plan.count > 1) expect(partRange(plan, plan.count - 1).length).toBe(plan.partBytes);
      }),
    );
  });

  it('planParts uses parts of 105 MiB for 1 TiB, and refuses more than 48.8 TiB', () => {
    expect(planParts(TIB, 8 * MIB).partBytes).toBe(Math.ceil(TIB / 10_000));
    expect(planParts(50_000 * GIB, 8 * MIB).partBytes).toBe(5 * GIB);
    expect(() => planParts(50_000 * GIB + 1, 8 * MIB)).toThrow(TooLargeError);
  });
});

describe('slicesOf', () => {
  it('slicesOf divides the parts without a gap, and evenly', () => {
    fc.assert(
      fc.property(totals, fc.integer({ min: 64 * MIB, max: 64 * GIB }), (total, sliceBytes) => {
        const plan = planParts(total, 8 * MIB);
        const slices = slicesOf(plan, sliceBytes);
        let next = 1;
        for (const { first, last } of slices) {
          expect(first).toBe(next);
          expect(last).toBeGreaterThanOrEqual(first);
          expect((last - first + 1) * plan.partBytes).toBeLessThanOrEqual(Math.max(sliceBytes, plan.partBytes));
          next = last + 1;
        }
        expect(next).toBe(plan.count + 1);
      }),
      { numRuns: 30 },
    );
  });
});

describe('streamSchedule', () => {
  const defaults = { smallest: 8 * MIB, memoryBytes: 480 * MIB, maxBytes: TIB };

  it('streamSchedule reaches 1 TiB of unknown length within its memory, with parts that never shrink', () => {
    const schedule = streamSchedule(undefined, defaults);
    expect(schedule.maxBytes).toBe(TIB);
    let offset = 0;
    let before = 0;
    for (let number = 1; number <= MAX_PARTS && offset < TIB; number++) {
      const bytes = schedule.partBytesAt(offset);
      expect(bytes).toBeGreaterThanOrEqual(before);
      expect(3 * bytes).toBeLessThanOrEqual(480 * MIB);
      before = bytes;
      offset += bytes;
    }
    expect(offset).toBeGreaterThanOrEqual(TIB);
  });

  it('streamSchedule stays at the smallest part for a thousand parts', () => {
    expect(streamSchedule(undefined, defaults).partBytesAt(1_000 * 8 * MIB)).toBe(8 * MIB);
  });

  it('streamSchedule ends earlier if the memory is less', () => {
    expect(streamSchedule(undefined, { ...defaults, memoryBytes: 24 * MIB }).maxBytes).toBe(10_000 * 8 * MIB);
  });

  it('streamSchedule refuses a known length that would not fit', () => {
    expect(streamSchedule(1_000 * GIB, defaults).partBytesAt(0)).toBe(Math.ceil((1_000 * GIB) / 10_000));
    expect(() => streamSchedule(TIB + 1, defaults)).toThrow(TooLargeForOneStreamError);
    expect(() => streamSchedule(TIB, { ...defaults, memoryBytes: 300 * MIB })).toThrow(TooLargeForOneStreamError);
  });
});
