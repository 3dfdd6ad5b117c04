import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runKeys } from '#run/keys.ts';
import { record } from '#run/ledger/ledger.ts';
import { countShards, readProgress, totalOf } from '#run/ledger/progress.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import {
  failureRecord,
  landedRecord,
  profile,
  putObject,
  resultRecord,
  sourceNamed,
  writePlan,
} from '#test/helpers/run.ts';

const aws = useEmbeddedAws();

describe('a run is counted', () => {
  it('a run has the same counts by shards and by ids, each item once, whatever records it has', {
    tags: ['heavy'],
  }, async () => {
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

        // A longer run's ledger is listed by shards.
        const more = 2_000;
        const processed = plan.processed === plan.items ? plan.processed + more : plan.processed;
        for (const [one, rest] of [
          [plan, 0],
          [{ ...plan, items: plan.items + more, processed }, more],
        ] as const) {
          expect(totalOf(await countShards(store, one))).toEqual({ done, failed });
          const progress = await readProgress(store, one);
          const missing = fates.length - done - failed + rest;
          expect([progress.done.size, progress.failed.size, progress.missing]).toEqual([done, failed, missing]);
        }
      }),
      { numRuns: 15 },
    );
  });

  it.each([
    ['two lists where each item gets a processor', profile, 2],
    ['three where some get none', null, 3],
  ])('a short run is counted with as many listings as it has ledgers, by %s', async (_, second, lists) => {
    const store = await aws.store();
    const items = [sourceNamed('a'), sourceNamed('b', second)];
    const plan = await writePlan(store, 'short', items);
    for (const item of items) await record(store, 'landed', landedRecord('short', item, store.bucket));
    const seen: string[] = [];
    store.client.middlewareStack.add((next, context) => (args) => {
      seen.push(String(context.commandName));
      return next(args);
    });
    expect(totalOf(await countShards(store, plan))).toEqual({ done: second === null ? 1 : 0, failed: 0 });
    expect(seen.filter((name) => name === 'ListObjectsV2Command')).toHaveLength(lists);
  });

  it('an object that is not a record is not counted', async () => {
    const store = await aws.store();
    const plan = await writePlan(store, 'r', [sourceNamed('a')]);
    for (const name of ['notes.txt', 'x.json', `${'A'.repeat(32)}.json`])
      await putObject(store.client, store.bucket, `${runKeys('r').ledger('failures')}${name}`, '{}');
    expect(totalOf(await countShards(store, plan))).toEqual({ done: 0, failed: 0 });
    expect((await readProgress(store, plan)).missing).toBe(1);
  });
});
