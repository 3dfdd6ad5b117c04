import pMap, { pMapIterable } from 'p-map';
import { batchSchema } from '../item.ts';
import { type LedgerName, runKeys } from '../keys.ts';
import type { PlanSummary } from '../plan/plan-summary.ts';
import { readJson, type Store, UnreadableRecordError } from '../store.ts';
import { IdSet } from './id-set.ts';
import { recordedIds } from './ledger.ts';
import { mergeSorted } from './merge-sorted.ts';
import { type PerShard, SHARDS, shardsOf } from './shards.ts';

/**
 * The state of a run according to the ledger: the ids of its items, each in exactly one of done, failed and missing.
 */
export interface Progress {
  readonly done: IdSet;
  readonly failed: IdSet;
  /** Items with an object in the bucket, whether or not they are done. */
  readonly landed: IdSet;
  /** Sources that a Lambda has handed to a worker. */
  readonly handed: IdSet;
  readonly missing: number;
}

/** The same as numbers, which is all that a look of the gatekeeper needs. */
export interface Counts {
  readonly done: number;
  readonly failed: number;
}

/**
 * The number of shards that are listed at once: pages of 1,000 keys each, which take some 3 MiB while the SDK reads
 * them.
 */
const SHARDS_AT_ONCE = 4;

/**
 * Reads a run's ledger. The result does not depend on the order in which records were written.
 *
 * An item is done when it has a result, or when it has landed and has no processor. It is failed when it has a failure
 * and isn't done: a result that came after a failure overrides the failure. Every other item is missing.
 *
 * This holds all ids, in 16 bytes each. If you need only numbers, use `countShards`, which holds none.
 */
export async function readProgress(store: Store, plan: PlanSummary): Promise<Progress> {
  const done = new IdSet();
  const failed = new IdSet();
  const landed = new IdSet();
  const handed = new IdSet();
  const isDone = await doneRule(store, plan);
  const ledgers: LedgerName[] = ['landed', 'results', 'failures', 'handed'];
  await pMap(
    shardsOf(plan),
    async (shard) => {
      for await (const { id, lists } of listLedgers(store, plan.runId, ledgers, shard)) {
        if (lists.has('landed')) landed.add(id);
        if (lists.has('handed')) handed.add(id);
        if (isDone(id, lists)) done.add(id);
        else if (lists.has('failures')) failed.add(id);
      }
    },
    { concurrency: SHARDS_AT_ONCE },
  );
  return { done, failed, landed, handed, missing: plan.items - done.size - failed.size };
}

/**
 * Counts a run's ledger shard by shard, several at once, without holding ids. The ledger of a short run is listed in
 * one request.
 *
 * @param finished shards in which every item was done before; they are not listed again, since a done item stays done.
 * @returns the counts of every shard. Finished shards keep the given counts.
 */
export async function countShards(
  store: Store,
  plan: PlanSummary,
  finished: PerShard<Counts> = {},
): Promise<PerShard<Counts>> {
  const open = SHARDS.filter((shard) => finished[shard] === undefined);
  if (open.length === 0) return finished;
  const counts = Object.fromEntries(SHARDS.map((shard) => [shard, { done: 0, failed: 0 }]));
  const isDone = await doneRule(store, plan);
  // If each item has a processor, a landed object settles nothing.
  const settling: LedgerName[] = ['results', 'failures'];
  const ledgers: LedgerName[] = plan.processed === plan.items ? settling : ['landed', ...settling];
  await pMap(
    shardsOf(plan).filter((shard) => shard === '' || open.some((one) => one === shard)),
    async (shard) => {
      for await (const { id, lists } of listLedgers(store, plan.runId, ledgers, shard)) {
        const count = counts[id.charAt(0)];
        if (count === undefined) continue;
        if (isDone(id, lists)) count.done += 1;
        else if (lists.has('failures')) count.failed += 1;
      }
    },
    { concurrency: SHARDS_AT_ONCE },
  );
  return { ...counts, ...finished };
}

function listLedgers(store: Store, runId: string, ledgers: readonly LedgerName[], shard: string) {
  return mergeSorted(ledgers.map((ledger) => [ledger, recordedIds(store, runId, ledger, shard)] as const));
}

/** Adds up the counts of shards. */
export function totalOf(shards: PerShard<Counts>): Counts {
  const counts = Object.values(shards);
  return {
    done: counts.reduce((sum, shard) => sum + shard.done, 0),
    failed: counts.reduce((sum, shard) => sum + shard.failed, 0),
  };
}

/** Decides whether an item is done, from the ledgers that contain it. */
type DoneRule = (id: string, lists: ReadonlySet<LedgerName>) => boolean;

/** The batches are read only if some items have a processor and others have none. */
async function doneRule(store: Store, plan: PlanSummary): Promise<DoneRule> {
  if (plan.processed === plan.items) return (_, lists) => lists.has('results');
  if (plan.processed === 0) return (_, lists) => lists.has('results') || lists.has('landed');
  const unprocessed = new IdSet();
  for await (const item of plannedItems(store, plan)) if (item.process === null) unprocessed.add(item.id);
  return (id, lists) => lists.has('results') || (lists.has('landed') && unprocessed.has(id));
}

/** A million items are 20,000 batches. */
const BATCHES_AT_ONCE = 8;

/**
 * Lists the items of a plan, in its order.
 *
 * @param from the first batch. @default 0
 * @param to the batch before which the list ends. @default after the last batch
 * @throws UnreadableRecordError if a batch object does not exist any more.
 */
export async function* plannedItems(
  store: Store,
  plan: Pick<PlanSummary, 'runId' | 'batches'>,
  from = 0,
  to = plan.batches,
) {
  const keys = runKeys(plan.runId);
  const batches = Array.from({ length: to - from }, (_, index) => keys.batch(from + index));
  for await (const items of pMapIterable(batches, (key) => readBatch(store, key), { concurrency: BATCHES_AT_ONCE })) {
    yield* items;
  }
}

/** @throws UnreadableRecordError if the batch object does not exist any more, or is not a batch. */
export async function readBatch(store: Store, key: string) {
  const batch = await readJson(store, key, batchSchema);
  if (batch === undefined)
    throw new UnreadableRecordError(
      `s3://${store.bucket}/${key} does not exist any more: the run can't continue without it`,
    );
  return batch;
}
