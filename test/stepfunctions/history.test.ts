import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { slicesOfBeginning } from '#lambdas/open/open-item.ts';
import { gateEvents, gateFitsHistory, slicesPerBatch } from '#stepfunctions/history.ts';

describe('the history budget', () => {
  it('a look needs three events of the history', () => {
    expect(gateEvents(51) - gateEvents(50)).toBe(3);
  });

  it('the history has room for 50 looks many times over, and not for 7,600', () => {
    expect(gateFitsHistory(50)).toBe(true);
    expect(gateFitsHistory(7_570)).toBe(true);
    expect(gateFitsHistory(7_580)).toBe(false);
  });

  it('a batch may have 64 slices and more with the default settings', () => {
    expect(slicesPerBatch({ openCalls: 20, sliceCalls: 20 })).toBeGreaterThanOrEqual(64);
  });

  it('a batch stays below 25,000 events for any number of calls, each retried once', () => {
    const limits = fc.record({
      openCalls: fc.integer({ min: 1, max: 100 }),
      sliceCalls: fc.integer({ min: 1, max: 2_000 }),
      sources: fc.integer({ min: 1, max: 50 }),
    });
    fc.assert(
      fc.property(limits, ({ sources, ...one }) => {
        const budget = slicesPerBatch(one);
        // A rule of the settings.
        fc.pre(budget >= sources);
        const share = Math.floor(budget / sources);
        const beginnings = [1, 2, 3, 4].map((beginning) => slicesOfBeginning(share, beginning)).filter((n) => n > 0);
        const slices = sources * beginnings.reduce((sum, n) => sum + n, 0);
        expect(slices).toBeLessThanOrEqual(budget);
        // Slice 8, SliceDone 2, WaitToSlice 2, SliceAgain 2; an iteration 2, the pass it ends in 2.
        const sliceEvents = slices * (4 + one.sliceCalls * 14);
        // Open 8, two choices 4, EnsureWorkers 8, WaitToOpen 2, OpenAgain 2.
        const openEvents = one.openCalls * 24;
        // Iteration 2, Slices 4, CheckSlices 2, AllSlicesDone 2, FirstSliceError 2, Close 8, Abandon 8, LargeEnd 2.
        const largeEvents = sources * beginnings.length * 30;
        // Large 4, CheckLarge 2, BeginAgain 2.
        const roundEvents = beginnings.length * 8;
        expect(sliceEvents + openEvents + largeEvents + roundEvents).toBeLessThanOrEqual(24_000);
      }),
    );
  });
});
