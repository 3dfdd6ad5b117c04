import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { record } from '#run/ledger.ts';
import { countShards, readProgress, totalOf } from '#run/progress.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { failureRecord, landedRecord, profile, resultRecord, sourceNamed, writePlan } from '#test/helpers/run.ts';

const aws = useEmbeddedAws();

describe('a run is counted', () => {
  it('the same by shards as by ids, each item once, whatever records it has', async () => {
    const store = await aws.store();
    const fate = fc.record({
      processed: fc.boolean(),
      landed: fc.boolean(),
      result: fc.boolean(),
      failure: fc.boolean(),
    });
    let number = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fate, { minLength: 1, maxLength: 12 }), async (fates) => {
        const runId = `run-${number++}`;
        const items = fates.map((one, index) => sourceNamed(`${index}`, one.processed ? profile : null));
        const plan = await writePlan(store, runId, items);
        for (const [index, item] of items.entries()) {
          const { landed, result, failure } = fates[index] ?? {};
          if (landed) await record(store, 'landed', landedRecord(runId, item, store.bucket));
          if (result) await record(store, 'results', resultRecord(runId, item));
          if (failure) await record(store, 'failures', failureRecord(runId, item));
        }
        const isDone = (one: (typeof fates)[number]) => one.result || (one.landed && !one.processed);
        const done = fates.filter(isDone).length;
        const failed = fates.filter((one) => one.failure && !isDone(one)).length;

        expect(totalOf(await countShards(store, plan))).toEqual({ done, failed });
        const progress = await readProgress(store, plan);
        expect([progress.done.size, progress.failed.size, progress.missing]).toEqual([
          done,
          failed,
          fates.length - done - failed,
        ]);
      }),
      { numRuns: 25 },
    );
  });
});
