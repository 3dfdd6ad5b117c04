import { describe, expect, it } from 'vitest';
import { closeRun } from '#run/end/closing.ts';
import { itemLineSchema } from '#run/end/manifest.ts';
import { runEnded, runEndedSchema } from '#run/events/run-ended.ts';
import { type Load, loadSchema } from '#run/input/load.ts';
import type { Item } from '#run/item.ts';
import { runKeys } from '#run/keys.ts';
import { record, recordResult } from '#run/ledger/ledger.ts';
import type { LoadRecord } from '#run/ledger/load-record.ts';
import { listKeys, type Store, writeJson } from '#run/store.ts';
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
  it('the end of a run names done, failed and missing items, and writes a line for every item', async () => {
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

  it('the end of a run reports the outcome of each load, and how many of its items were not done', async () => {
    const store = await aws.store();
    const into = (table: string) => loadSchema.parse({ table, mode: 'append', options: { format: 'csv' } });
    const [trips, fares] = [into('raw.Trips'), into('raw.fares')];
    const of = (item: ReturnType<typeof sourceNamed>, load: Load) => ({ ...item, load });
    const all = [
      of(sourceNamed('l/done', null), trips),
      of(sourceNamed('l/failed', null), { ...trips, table: 'raw.trips' }),
      of(sourceNamed('l/missing', null), trips),
      of(sourceNamed('l/other', null), fares),
    ] as const;
    const plan = await writePlan(store, 'loads', all, { loads: [trips, fares] });
    for (const item of [all[0], all[3]]) await land(store, 'loads', item);
    await record(store, 'failures', failureRecord('loads', all[1]));
    const { at } = await closeRun(store, 'loads', { forced: true, reason: 'late' });
    const error = { name: 'LoadFailedError', message: 'raw.fares: no such column' };
    const loaded = { v: 1, runId: 'loads', mode: 'append', closedAt: at, statement: null, heldBack: 0 } as const;
    const [first, second]: LoadRecord[] = [
      {
        ...{ ...loaded, table: 'raw.Trips', state: 'loaded', objects: 1, bytes: 10, error: null },
        ...{ rows: { 1: 4, 2: 1 }, seconds: { 1: 1.5, 2: 0.25 } },
      },
      { ...loaded, table: 'raw.fares', state: 'failed', objects: 0, bytes: 0, rows: {}, seconds: {}, error },
    ];
    await writeJson(store, runKeys('loads').load(0), first);
    await writeJson(store, runKeys('loads').load(1), second);

    const manifest = await endRun(store, plan, { forced: true, reason: 'late' });
    const expected = [
      { table: 'raw.Trips', state: 'loaded', objects: 1, rows: 5, seconds: 1.75, notDone: 2 },
      { table: 'raw.fares', state: 'failed', seconds: null, notDone: 0 },
    ];
    expect(manifest.loads).toMatchObject([{ ...expected[0], problem: null }, expected[1]]);
    expect(manifest.loads[1]?.problem).toMatchObject({ code: 'load-failed', detail: error.message });
    const event = runEnded({ deployment: 'Sluice', bucket: store.bucket }, plan, manifest);
    expect(runEndedSchema.parse(event).loads).toMatchObject([
      { ...expected[0], code: null },
      { ...expected[1], code: 'load-failed' },
    ]);
    expect(await textOf(store, runKeys('loads').report)).toContain('raw.fares: no such column');
  });

  it('a result overrides a failure, and the item is counted once', async () => {
    const store = await aws.store();
    const item = sourceNamed('a');
    const plan = await writePlan(store, 'both', [item]);
    await land(store, 'both', item);
    await record(store, 'failures', failureRecord('both', item));
    await recordResult(store, resultRecord('both', item));
    const manifest = await endRun(store, plan, settled);
    expect(manifest).toMatchObject({ outcome: 'complete', counts: { done: 1, failed: 0, missing: 0 } });
  });

  it('a result after the end of the run is kept under late/, and the manifest is never rewritten', async () => {
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

  it("a worker recognises its own result if the PUT is sent twice, and distinguishes another worker's", async () => {
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

  it('a run fails if every one of its items failed', async () => {
    const store = await aws.store();
    const item = sourceNamed('a');
    const plan = await writePlan(store, 'failed', [item]);
    await record(store, 'failures', { ...failureRecord('failed', item), stage: 'transfer' });
    expect(await endRun(store, plan, settled)).toMatchObject({ outcome: 'failed' });
  });

  it.each([
    ['fail', 'late'],
    ['partial', 'partial'],
  ] as const)(
    'a run whose work is all late gets the outcome of onLate, and has not failed: %s',
    async (onLate, outcome) => {
      const store = await aws.store();
      const plan = await writePlan(store, 'r', [sourceNamed('a'), sourceNamed('b')], { onLate });
      expect(await endRun(store, plan, { forced: true, reason: 'late' })).toMatchObject({
        outcome,
        counts: { done: 0, missing: 2 },
      });
    },
  );

  it('no error message becomes markup of the page', async () => {
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
