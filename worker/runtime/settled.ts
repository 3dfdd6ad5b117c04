import { type LedgerName, runKeys } from '#run/keys.ts';
import { isClosed } from '#run/ledger/ledger.ts';
import { headOf, type Store } from '#run/store.ts';

export type Settled = 'done' | 'failed' | 'closed' | undefined;

/** An item of a run. */
export interface ItemRef {
  readonly runId: string;
  readonly item: string;
}

/**
 * Returns whether an item needs no more work: the ledger in which this work ends has a record of it, it has failed for
 * good, or its run is closed. Workers call this before they begin, so that a duplicate message costs three small
 * requests and no work.
 */
export async function settledAs(store: Store, ref: ItemRef, ledger: 'results' | 'landed'): Promise<Settled> {
  const [done, failed, closed] = await Promise.all([
    hasRecord(store, ref, ledger),
    hasRecord(store, ref, 'failures'),
    isClosed(store, ref.runId),
  ]);
  if (done) return 'done';
  if (failed) return 'failed';
  return closed ? 'closed' : undefined;
}

/** Returns whether a ledger contains the item. */
export async function hasRecord(store: Store, { runId, item }: ItemRef, ledger: LedgerName): Promise<boolean> {
  return (await headOf(store, runKeys(runId).record(ledger, item))) !== undefined;
}
