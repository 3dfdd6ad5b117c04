import { RUNS_PREFIX } from '#run/keys.ts';
import { listKeys, type Store, writeOnce } from '#run/store.ts';

/** Which item of which run. */
export interface ItemRef {
  readonly runId: string;
  readonly item: string;
}

/**
 * Attempts are counted here, in the run's records, and not by SQS's receive count alone: that one starts again with a
 * message sent anew, is shared by no two messages of one item, and counts interruptions (a Spot task that has to go)
 * like failures. The claim is write-once, so two deliveries at once never write their outputs to one place.
 */
const prefix = (ref: ItemRef): string => `${RUNS_PREFIX}${ref.runId}/attempts/${ref.item}/`;

/**
 * Takes the next free attempt number of an item, beginning with the delivery's receive count.
 *
 * @returns a number that no other delivery of the item has had.
 */
export async function claimAttempt(store: Store, ref: ItemRef, receiveCount: number, worker: string): Promise<number> {
  for (let attempt = receiveCount; ; attempt++) {
    const claim = { v: 1, ...ref, attempt, worker, at: new Date().toISOString() };
    if ((await writeOnce(store, `${prefix(ref)}${attempt}.json`, claim)) === 'written') return attempt;
  }
}

/** Takes an attempt out of the count: the worker had to stop, the item did nothing wrong. */
export async function markInterrupted(store: Store, ref: ItemRef, attempt: number): Promise<void> {
  const mark = { v: 1, ...ref, attempt, at: new Date().toISOString() };
  await writeOnce(store, `${prefix(ref)}${attempt}-interrupted.json`, mark);
}

/** How many attempts an item has had that count: those begun, without those interrupted. */
export async function countAttempts(store: Store, ref: ItemRef): Promise<number> {
  let count = 0;
  for await (const key of listKeys(store, prefix(ref))) count += key.endsWith('-interrupted.json') ? -1 : 1;
  return count;
}
