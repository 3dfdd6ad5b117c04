import { pMapIterable } from 'p-map';
import { dispatch, type Queue } from '#run/fleet/dispatch.ts';
import type { WorkMessage } from '#run/fleet/message.ts';
import { fetchMessageOf, messageOf } from '#run/fleet/message-of.ts';
import type { Item } from '#run/item.ts';
import { runKeys } from '#run/keys.ts';
import { type Progress, plannedItems } from '#run/ledger/progress.ts';
import { landedSchema } from '#run/ledger/records.ts';
import type { PlanSummary } from '#run/plan/plan-summary.ts';
import { listKeys, readJson, type Store } from '#run/store.ts';
import type { Resend } from './stuck.ts';

/** The number of records that are read at once. */
const READS_AT_ONCE = 32;

/**
 * Sends the messages of items again that can be processed and have no record in the ledger: of all such items, or only
 * of those that no worker has begun. If a worker has begun an item, the item's message still exists, and SQS delivers
 * it again by itself.
 */
export async function dispatchOutstanding(
  store: Store,
  queue: Queue,
  plan: PlanSummary,
  progress: Progress,
  which: Resend,
): Promise<void> {
  const begun = which === 'outstanding' ? new Set<string>() : await begunItems(store, plan.runId);
  await dispatch(store, queue, outstanding());

  async function* outstanding(): AsyncGenerator<WorkMessage> {
    const found = pMapIterable(
      plannedItems(store, plan),
      (item) => (begun.has(item.id) ? undefined : messageFor(store, plan.runId, item, progress)),
      { concurrency: READS_AT_ONCE },
    );
    for await (const message of found) if (message !== undefined) yield message;
  }
}

async function messageFor(
  store: Store,
  runId: string,
  item: Item,
  { done, failed, landed: landedItems, handed }: Progress,
): Promise<WorkMessage | undefined> {
  if (done.has(item.id) || failed.has(item.id)) return undefined;
  const landed = landedItems.has(item.id)
    ? await readJson(store, runKeys(runId).record('landed', item.id), landedSchema)
    : undefined;
  if (landed === undefined && item.kind === 'source' && handed.has(item.id)) return fetchMessageOf(runId, item);
  return messageOf(runId, item, landed);
}

/** The items that a worker has begun at least once. */
async function begunItems(store: Store, runId: string): Promise<Set<string>> {
  const prefix = runKeys(runId).allAttempts;
  const begun = new Set<string>();
  for await (const key of listKeys(store, prefix)) begun.add(key.slice(prefix.length, key.indexOf('/', prefix.length)));
  return begun;
}
