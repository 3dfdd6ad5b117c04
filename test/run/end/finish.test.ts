import { describe, expect, it } from 'vitest';
import { itemLineSchema } from '#run/end/manifest.ts';
import type { Item } from '#run/item.ts';
import { runKeys } from '#run/keys.ts';
import { record, recordResult } from '#run/ledger/ledger.ts';
import { listKeys, type Store } from '#run/store.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import {
  endRun,
  failureRecord,
  landedRecord,
  resultRecord,
  sourceNamed,
  textOf,
  writePlan,
} from '#test/helpers/run.ts';

const aws = useEmbeddedAws();
const settled = { forced: false, reason: null };

const land = (store: Store, runId: string, item: Item) =>
  record(store, 'landed', landedRecord(runId, item, store.bucket));

describe('the end of a run', () => {
  it('names what is done, failed and missing, and writes a line for every item', async () => {
    const store = await aws.store();
    const [done, failed, unprocessed, absent, plain] = [
      sourceNamed('a/done'),
      sourceNamed('b/failed'),
      sourceNamed('c/landed-only'),
      sourceNamed('d/absent'),
      sourceNamed('e/no-processor', null),
    ] as const;
    const plan = await writePlan(store, 'mixed', [done, failed, unprocessed, absent, plain]);
    for (const item of [done, unprocessed, plain]) await land(store, 'mixed', item);
    await recordResult(store, resultRecord('mixed', done));
    await record(store, 'failures', failureRecord('mixed', failed));

    const manifest = await endRun(store, plan, { forced: true, reason: 'late' });

    expect(manifest).toMatchObject({
      outcome: 'partial',
      forced: true,
      counts: { items: 5, done: 2, failed: 1, missing: 2, landed: 3, processed: 1 },
      bytes: 30,
      done: [{ name: 'a/done' }, { name: 'e/no-processor' }],
      failed: [{ name: 'b/failed', problem: { error: 'Broken' } }],
      missing: [
        { name: 'c/landed-only', landed: true },
        { name: 'd/absent', landed: false },
      ],
    });
    const lines = (await textOf(store, runKeys('mixed').items)).trim().split('\n');
    expect(lines.map((line) => itemLineSchema.parse(JSON.parse(line)).status)).toEqual([
      'done',
      'failed',
      'missing',
      'missing',
      'done',
    ]);
    expect(await textOf(store, runKeys('mixed').report)).toContain('b/failed');
  });

  it('lets a result win over a failure, and counts the item once', async () => {
    const store = await aws.store();
    const item = sourceNamed('a');
    const plan = await writePlan(store, 'both', [item]);
    await land(store, 'both', item);
    await record(store, 'failures', failureRecord('both', item));
    await recordResult(store, resultRecord('both', item));
    const manifest = await endRun(store, plan, settled);
    expect(manifest).toMatchObject({ outcome: 'complete', counts: { done: 1, failed: 0, missing: 0 } });
  });

  it('keeps a result that comes after the end under late/, and never rewrites the manifest', async () => {
    const store = await aws.store();
    const item = sourceNamed('slow');
    const plan = await writePlan(store, 'late', [item], { onLate: 'fail' });
    await land(store, 'late', item);
    const manifest = await endRun(store, plan, { forced: true, reason: 'late' });
    expect(manifest.outcome).toBe('late');
    expect(await recordResult(store, resultRecord('late', item))).toBe('late');
    expect(await Array.fromAsync(listKeys(store, runKeys('late').ledger('late')))).toEqual([
      runKeys('late').record('late', item.id),
    ]);
    expect(await endRun(store, plan, settled)).toEqual(manifest);
  });

  it("takes its own result for its own when the PUT is sent twice, and another worker's for another's", async () => {
    const store = await aws.store();
    const item = sourceNamed('a');
    const plan = await writePlan(store, 'twice', [item]);
    const mine = resultRecord('twice', item);
    expect(await recordResult(store, mine)).toBe('written');
    expect(await recordResult(store, mine)).toBe('written');
    expect(await recordResult(store, { ...mine, worker: 'other' })).toBe('exists');
    await endRun(store, plan, settled);
    expect(await recordResult(store, mine)).toBe('late');
  });

  it('calls a run in which every item failed a failed one', async () => {
    const store = await aws.store();
    const item = sourceNamed('a');
    const plan = await writePlan(store, 'failed', [item]);
    await record(store, 'failures', { ...failureRecord('failed', item), stage: 'transfer' });
    expect(await endRun(store, plan, settled)).toMatchObject({ outcome: 'failed' });
  });

  it.each([
    ['fail', 'late'],
    ['partial', 'partial'],
  ] as const)('calls a run whose work is all late by what onLate says, and not failed: %s', async (onLate, outcome) => {
    const store = await aws.store();
    const plan = await writePlan(store, 'r', [sourceNamed('a'), sourceNamed('b')], { onLate });
    expect(await endRun(store, plan, { forced: true, reason: 'late' })).toMatchObject({
      outcome,
      counts: { done: 0, missing: 2 },
    });
  });

  it('writes nothing of an error message into the page as markup', async () => {
    const store = await aws.store();
    const item = sourceNamed('<b>a');
    const plan = await writePlan(store, 'markup', [item]);
    const failure = failureRecord('markup', item);
    await record(store, 'failures', {
      ...failure,
      problem: { ...failure.problem, detail: '<script>alert(1)</script>' },
    });
    await endRun(store, plan, settled);
    const page = await textOf(store, runKeys('markup').report);
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(page).not.toContain('<script>alert');
    expect(page).not.toContain('<b>');
  });
});
