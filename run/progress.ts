import { batchSchema } from './item.ts';
import { runKeys } from './keys.ts';
import { recordedIds, recordedItems } from './ledger.ts';
import { mergeSorted } from './merge-sorted.ts';
import type { PlanSummary } from './plan-summary.ts';
import { type PerShard, SHARDS } from './shards.ts';
import { readJson, type Store, UnreadableRecordError } from './store.ts';

/** What the ledger says of a run: the ids of its items, each in exactly one of done, failed and neither. */
export interface Progress {
  readonly done: ReadonlySet<string>;
  readonly failed: ReadonlySet<string>;
  /** Items with an object in the bucket, whether or not they are done. */
  readonly landed: ReadonlySet<string>;
  readonly missing: number;
}

/** The same as numbers, which is all that a look at the gate needs. */
export interface Counts {
  readonly done: number;
  readonly failed: number;
}

/**
 * Reads a run's ledger: exact, whatever order its records came in.
 *
 * An item is done when it has a result, or when it has landed and gets no processor. It is failed when it has a failure
 * and isn't done: a result that came after a failure wins. Everything else is missing.
 *
 * All ids are held; where numbers are enough, `countShards` holds none.
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
  return { done, failed, landed, missing: plan.items - done.size - failed.size };
}

/**
 * Counts a run's ledger shard by shard, sixteen at once, without holding ids.
 *
 * @param finished shards in which every item was done before; they are not looked at again, since a done item stays done.
 * @returns the counts of every shard, the finished ones as they were given.
 */
export async function countShards(
  store: Store,
  plan: PlanSummary,
  finished: PerShard<Counts> = {},
): Promise<PerShard<Counts>> {
  const open = SHARDS.filter((shard) => finished[shard] === undefined);
  const unprocessed = await withoutProcessor(store, plan);
  const counted = await Promise.all(
    open.map(async (shard) => [shard, await countShard(store, plan.runId, shard, unprocessed)] as const),
  );
  return { ...finished, ...Object.fromEntries(counted) };
}

/** Adds up shards. */
export function totalOf(shards: PerShard<Counts>): Counts {
  const counts = Object.values(shards);
  return {
    done: counts.reduce((sum, shard) => sum + shard.done, 0),
    failed: counts.reduce((sum, shard) => sum + shard.failed, 0),
  };
}

async function countShard(
  store: Store,
  runId: string,
  shard: string,
  unprocessed: ReadonlySet<string> | 'all',
): Promise<Counts> {
  let done = 0;
  let failed = 0;
  const ids = mergeSorted({
    landed: recordedIds(store, runId, 'landed', shard),
    results: recordedIds(store, runId, 'results', shard),
    failures: recordedIds(store, runId, 'failures', shard),
  });
  for await (const { id, lists } of ids) {
    if (lists.has('results') || (lists.has('landed') && (unprocessed === 'all' || unprocessed.has(id)))) done += 1;
    else if (lists.has('failures')) failed += 1;
  }
  return { done, failed };
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
