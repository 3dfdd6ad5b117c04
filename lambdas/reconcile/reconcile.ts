import pMap from 'p-map';
import { itemName } from '#run/item.ts';
import { record, recordedItems } from '#run/ledger.ts';
import type { PlanSummary } from '#run/plan-summary.ts';
import { plannedItems, readProgress } from '#run/progress.ts';
import type { Store } from '#run/store.ts';

/**
 * Records a failure for each source that Ingest left without any record: a child of the Map that died with its batch
 * would otherwise keep the gate waiting for something that nobody does any more.
 *
 * @returns how many there were.
 */
export async function reconcile(store: Store, plan: PlanSummary): Promise<number> {
  const { landed, failed, done } = await readProgress(store, plan);
  const handed = await recordedItems(store, plan.runId, 'handed');
  // The usual case, told without reading the plan: everything but work has landed or failed.
  if (landed.union(failed).union(handed).size >= plan.items - plan.work) return 0;
  let recorded = 0;
  await pMap(
    plannedItems(store, plan),
    async (item) => {
      if (item.kind === 'work' || [landed, failed, done, handed].some((ids) => ids.has(item.id))) return;
      await record(store, 'failures', {
        v: 1,
        runId: plan.runId,
        item: item.id,
        name: itemName(item),
        at: new Date().toISOString(),
        stage: 'reconcile',
        error: {
          name: 'IngestEnded',
          message:
            'its part of Ingest ended before it was landed or refused; the Map Run in the console shows the failed child',
        },
        attempts: 0,
      });
      recorded += 1;
    },
    { concurrency: 32 },
  );
  return recorded;
}
