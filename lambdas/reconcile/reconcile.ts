import pMap from 'p-map';
import { abortUploads } from '#run/end/abort-uploads.ts';
import type { SourceItem } from '#run/item.ts';
import { plannedItems, readProgress } from '#run/ledger/progress.ts';
import { recordFailure } from '#run/ledger/record-failure.ts';
import type { PlanSummary } from '#run/plan/plan-summary.ts';
import type { Store } from '#run/store.ts';

/** The name, in records, for an item whose part of Ingest ended without an outcome. */
class IngestEndedError extends Error {
  override readonly name = 'IngestEndedError';
}

/**
 * Records a failure for each source that Ingest left without a record. Without this, the gate would wait for items of a
 * child of the Map that died with its batch, although nothing processes them any more. First it aborts the uploads that
 * were begun for these sources, because a retry would not search for them after the failures are recorded.
 *
 * After the run's deadline, the gate waits for nothing, and sources that Ingest did not begin are late, not failed.
 * Then nothing is recorded, and the end of the run names them as missing.
 *
 * @returns how many failures there were.
 */
export async function reconcile(store: Store, plan: PlanSummary, now: Date = new Date()): Promise<number> {
  const { landed, failed, done, handed } = await readProgress(store, plan);
  const lost: SourceItem[] = [];
  for await (const item of plannedItems(store, plan)) {
    if (item.kind === 'source' && ![landed, failed, done, handed].some((ids) => ids.has(item.id))) lost.push(item);
  }
  if (lost.length === 0) return 0;
  const keys = new Set(lost.map(({ key }) => key));
  await abortUploads(store, plan.runId, ({ key }) => keys.has(key));
  if (plan.deadline !== null && now >= new Date(plan.deadline)) return 0;
  await pMap(
    lost,
    ({ id, key }) =>
      recordFailure(
        store,
        { runId: plan.runId, item: id, name: key, stage: 'reconcile' },
        new IngestEndedError(`the part of Ingest that transferred ${key} ended before it recorded an outcome`),
        0,
      ),
    { concurrency: 32 },
  );
  return lost.length;
}
