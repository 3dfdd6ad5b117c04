import { runKeys } from '#run/keys.ts';
import { listKeys, type Store, writeOnce } from '#run/store.ts';

/** What a worker does with which item of which run. Landing an item and processing it are counted apart. */
export interface TaskRef {
  readonly runId: string;
  readonly item: string;
  readonly stage: 'process' | 'transfer';
}

/**
 * Attempts are counted here, in the run's records, and not by SQS's receive count alone: that one starts again with a
 * message sent anew, is shared by no two messages of one item, and counts interruptions (a Spot task that has to go)
 * like failures. The claim is write-once, so two deliveries at once never write their outputs to one place.
 */
const prefix = ({ runId, item, stage }: TaskRef): string => `${runKeys(runId).attempts(item)}${stage}/`;

/**
 * Takes the next free attempt number, beginning with the delivery's receive count.
 *
 * @returns a number that no other delivery has had for this.
 */
export async function claimAttempt(store: Store, ref: TaskRef, receiveCount: number, worker: string): Promise<number> {
  for (let attempt = receiveCount; ; attempt++) {
    const claim = { v: 1, ...ref, attempt, worker, at: new Date().toISOString() };
    if ((await writeOnce(store, `${prefix(ref)}${attempt}.json`, claim)) === 'written') return attempt;
  }
}

/** Takes an attempt out of the count: the worker had to stop, or the source asked to wait; the item did nothing wrong. */
export async function markInterrupted(store: Store, ref: TaskRef, attempt: number): Promise<void> {
  const mark = { v: 1, ...ref, attempt, at: new Date().toISOString() };
  await writeOnce(store, `${prefix(ref)}${attempt}-interrupted.json`, mark);
}

/** How many attempts there were that count: those begun, without those interrupted. */
export async function countAttempts(store: Store, ref: TaskRef): Promise<number> {
  let count = 0;
  for await (const key of listKeys(store, prefix(ref))) count += key.endsWith('-interrupted.json') ? -1 : 1;
  return count;
}
