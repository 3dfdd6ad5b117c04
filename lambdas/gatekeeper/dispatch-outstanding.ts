import { dispatch, fetchMessageOf, messageOf, type Queue } from '#run/fleet/dispatch.ts';
import type { WorkMessage } from '#run/fleet/message.ts';
import { runKeys } from '#run/keys.ts';
import { type Progress, plannedItems } from '#run/ledger/progress.ts';
import { landedSchema } from '#run/ledger/records.ts';
import type { PlanSummary } from '#run/plan/plan-summary.ts';
import { readJson, type Store } from '#run/store.ts';

/** So many messages are gathered before they are sent; the plan of a long run doesn't fit the memory. */
const MESSAGES_AT_ONCE = 1_000;

/** Sends every item that could be processed and has no word in the ledger yet to the workers once more. */
export async function dispatchOutstanding(
  store: Store,
  queue: Queue,
  plan: PlanSummary,
  progress: Progress,
): Promise<void> {
  let messages: WorkMessage[] = [];
  for await (const item of plannedItems(store, plan)) {
    if (progress.done.has(item.id) || progress.failed.has(item.id)) continue;
    const landed = progress.landed.has(item.id)
      ? await readJson(store, runKeys(plan.runId).record('landed', item.id), landedSchema)
      : undefined;
    const message =
      landed === undefined && item.kind === 'source' && progress.handed.has(item.id)
        ? fetchMessageOf(plan.runId, item)
        : messageOf(plan.runId, item, landed);
    if (message !== undefined) messages.push(message);
    if (messages.length >= MESSAGES_AT_ONCE) {
      await dispatch(store, queue, messages);
      messages = [];
    }
  }
  await dispatch(store, queue, messages);
}
