import type { GateRecord } from '#run/ledger/gate-record.ts';
import { type Counts, countShards, totalOf } from '#run/ledger/progress.ts';
import type { PerShard } from '#run/ledger/shards.ts';
import type { PlanSummary } from '#run/plan/plan-summary.ts';
import type { Store } from '#run/store.ts';
import type { QueueCounts } from './queue-counts.ts';

/** How far a run is. */
export interface LedgerCount extends Counts {
  readonly missing: number;
  /** False where the numbers of the last count are given, with what is missing told by the queue. */
  readonly exact: boolean;
  readonly finished: PerShard<Counts>;
}

/** Up to so many items every look counts exactly: two or three lists, or 32 to 48 beyond a thousand items. */
const ALWAYS_EXACT_ITEMS = 10_000;
/** In longer runs every tenth look does, and each one while the queue is nearly empty. */
const EXACT_EVERY = 10;
/** Listing a million items every 30 s for 10 hours would cost 6 $, and 12 where some get no processor. */
const NEARLY_EMPTY = 1 / 100;

/**
 * Counts a run, exactly where that is cheap or the end is near. Only an exact count can say that nothing is missing.
 *
 * @param queue what is under way; undefined to count exactly in any case.
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
    // Other runs may share the queue, so this is no more than a guide; it never says that the run is ready.
    const missing = Math.max(1, Math.min(plan.items - last.failed, underWay));
    return { done: plan.items - last.failed - missing, failed: last.failed, missing, exact, finished: before.finished };
  }
  const shards = await countShards(store, plan, before.finished);
  const { done, failed } = totalOf(shards);
  // A result can still come after a failure and win; nothing comes after a result.
  const finished = Object.fromEntries(
    Object.entries(shards).filter(([shard, { done }]) => done === plan.shards[shard]),
  );
  return { done, failed, missing: plan.items - done - failed, exact: true, finished };
}
