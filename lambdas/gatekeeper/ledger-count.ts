import type { GateRecord } from '#run/ledger/gate-record.ts';
import { type Counts, countShards, totalOf } from '#run/ledger/progress.ts';
import type { PerShard } from '#run/ledger/shards.ts';
import type { PlanSummary } from '#run/plan/plan-summary.ts';
import type { Store } from '#run/store.ts';
import type { QueueCounts } from './queue-counts.ts';

/** How many items of a run are settled. */
export interface LedgerCount extends Counts {
  readonly missing: number;
  /** False if the numbers come from the last count, with the missing items estimated from the queue. */
  readonly exact: boolean;
  readonly finished: PerShard<Counts>;
}

/**
 * In runs of at most this many items, every look counts exactly: two or three lists, or 32 to 48 for more than a
 * thousand items.
 */
const ALWAYS_EXACT_ITEMS = 10_000;
/** In longer runs, every tenth look counts exactly, and every look while the queue is nearly empty. */
const EXACT_EVERY = 10;
/** Listing a million items every 30 s for 10 hours would cost $6, and $12 if some items have no processor. */
const NEARLY_EMPTY = 1 / 100;

/**
 * Counts a run, exactly if that is cheap or the end is near. Only an exact count can show that nothing is missing.
 *
 * @param queue the messages under way; undefined to count exactly in any case.
 */
export async function lookAtLedger(
  store: Store,
  plan: PlanSummary,
  before: GateRecord,
  queue: QueueCounts | undefined,
): Promise<LedgerCount> {
  const underWay = queue === undefined ? 0 : queue.queued + queue.inFlight;
  const last = before.samples.at(-1);
  const exact =
    plan.items <= ALWAYS_EXACT_ITEMS ||
    last === undefined ||
    before.looks % EXACT_EVERY === 0 ||
    underWay <= plan.items * NEARLY_EMPTY;
  if (!exact) {
    // Other runs may share the queue, so this number is only an estimate; it never makes the run ready.
    const missing = Math.max(1, Math.min(plan.items - last.failed, underWay));
    return { done: plan.items - last.failed - missing, failed: last.failed, missing, exact, finished: before.finished };
  }
  const shards = await countShards(store, plan, before.finished);
  const { done, failed } = totalOf(shards);
  // A shard with failures can still change: a result overrides a failure. After a result, nothing changes.
  const finished = Object.fromEntries(
    Object.entries(shards).filter(([shard, { done }]) => done === plan.shards[shard]),
  );
  return { done, failed, missing: plan.items - done - failed, exact: true, finished };
}
