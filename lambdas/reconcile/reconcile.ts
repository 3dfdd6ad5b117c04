import pMap from 'p-map';
import { abortUploads } from '#run/end/abort-uploads.ts';
import type { SourceItem } from '#run/item.ts';
import { record } from '#run/ledger/ledger.ts';
import { plannedItems, readProgress } from '#run/ledger/progress.ts';
import type { PlanSummary } from '#run/plan/plan-summary.ts';
import type { Store } from '#run/store.ts';

/**
 * Records a failure for each source that Ingest left without any record: a child of the Map that died with its batch
 * would otherwise keep the gate waiting for something that nobody does any more. Uploads that were begun for them are
 * aborted first; a retry would not look for them again once the failures stand.
 *
 * Past the run's deadline the gate waits for nothing, and what Ingest didn't come to is late, not failed: then nothing is
 * recorded, and the end of the run names them as missing.
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
      record(store, 'failures', {
        v: 1,
        runId: plan.runId,
        item: id,
        name: key,
        at: new Date().toISOString(),
        stage: 'reconcile',
        error: {
          name: 'IngestEnded',
          message:
            'its part of Ingest ended before it was landed or refused; the Map Run in the console shows the failed child',
        },
        attempts: 0,
      }),
    { concurrency: 32 },
  );
  return lost.length;
}
