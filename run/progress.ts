import { batchSchema } from './item.ts';
import { runKeys } from './keys.ts';
import { recordedItems } from './ledger.ts';
import type { PlanSummary } from './plan-summary.ts';
import { readJson, type Store, UnreadableRecordError } from './store.ts';

/** What the ledger says of a run: the ids of its items, each in exactly one of done, failed and neither. */
export interface Progress {
  readonly items: number;
  readonly done: ReadonlySet<string>;
  readonly failed: ReadonlySet<string>;
  /** Items with an object in the bucket, whether or not they are done. */
  readonly landed: ReadonlySet<string>;
  readonly missing: number;
}

/**
 * Counts a run by listing its ledger: exact, whatever order its records came in.
 *
 * An item is done when it has a result, or when it has landed and gets no processor. It is failed when it has a failure
 * and isn't done: a result that came after a failure wins. Everything else is missing.
 */
export async function readProgress(store: Store, plan: PlanSummary): Promise<Progress> {
  const [landed, results, failures] = await Promise.all([
    recordedItems(store, plan.runId, 'landed'),
    recordedItems(store, plan.runId, 'results'),
    recordedItems(store, plan.runId, 'failures'),
  ]);
  const unprocessed = await withoutProcessor(store, plan);
  const done = results.union(unprocessed === 'all' ? landed : landed.intersection(unprocessed));
  const failed = failures.difference(done);
  return { items: plan.items, done, failed, landed, missing: plan.items - done.size - failed.size };
}

/** The items for which landing is all. The batches are read only where some items have a processor and others none. */
async function withoutProcessor(store: Store, plan: PlanSummary): Promise<Set<string> | 'all'> {
  if (plan.processed === 0) return 'all';
  const ids = new Set<string>();
  if (plan.processed === plan.items) return ids;
  for await (const item of plannedItems(store, plan)) if (item.process === null) ids.add(item.id);
  return ids;
}

/**
 * All items of a plan, in its order.
 *
 * @throws UnreadableRecordError where a batch is gone.
 */
export async function* plannedItems(store: Store, plan: Pick<PlanSummary, 'runId' | 'batches'>) {
  for (let index = 0; index < plan.batches; index++) yield* await readBatch(store, runKeys(plan.runId).batch(index));
}

/** @throws UnreadableRecordError where the batch is gone or isn't one. */
export async function readBatch(store: Store, key: string) {
  const batch = await readJson(store, key, batchSchema);
  if (batch === undefined)
    throw new UnreadableRecordError(`s3://${store.bucket}/${key} is gone: the run can't go on without it`);
  return batch;
}
