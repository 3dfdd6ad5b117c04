import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { runKeys } from '#run/keys.ts';
import { listKeys, readJson, type Store, writeJson, writeOnce, writeOwn } from '#run/store.ts';

/** What a worker does with which item of which run. Landing an item and processing it are counted apart. */
export interface TaskRef {
  readonly runId: string;
  readonly item: string;
  readonly stage: 'process' | 'transfer';
}

/**
 * A try at an item, as it is claimed in the run's records. Only its worker writes it again: with a later end of its lease
 * while the work goes on, and with an earlier one when it ends in a failure.
 */
const claimSchema = z.object({
  attempt: z.int().positive(),
  worker: z.string(),
  /** The SQS message that the try came from. */
  messageId: z.string().default(''),
  /** Until then the try counts as alive, without any further word. */
  leaseUntil: z.iso.datetime().default(new Date(0).toISOString()),
});
export type Claim = z.infer<typeof claimSchema>;

/** The tries at an item besides one's own. */
export interface OtherTries {
  /** How many ended in a failure, or died: their lease has run out. Interrupted tries don't count. */
  readonly ended: number;
  /** Those that were claimed with a lower number and are alive. */
  readonly alive: readonly Claim[];
}

/**
 * Attempts are counted here, in the run's records, and not by SQS's receive count alone: that one starts again with a
 * message sent anew, is shared by no two messages of one item, and counts interruptions (a Spot task that has to go)
 * like failures. The claim is write-once, so two deliveries at once never write their outputs to one place.
 */
const prefix = ({ runId, item, stage }: TaskRef): string => `${runKeys(runId).attempts(item)}${stage}/`;

/** One try, from its claim to its end. */
export class Attempt {
  readonly number: number;
  readonly #store: Store;
  readonly #ref: TaskRef;
  readonly #claim: object;
  readonly #leaseSeconds: number;

  constructor(store: Store, ref: TaskRef, number: number, claim: object, leaseSeconds: number) {
    this.#store = store;
    this.#ref = ref;
    this.number = number;
    this.#claim = claim;
    this.#leaseSeconds = leaseSeconds;
  }

  /** Says that the try is still alive, for another lease from now on. */
  extend(): Promise<void> {
    return this.#writeLease(this.#leaseSeconds);
  }

  /** Says that the try has ended in a failure. It counts. */
  endInFailure(): Promise<void> {
    return this.#writeLease(0);
  }

  /** Takes the try out of the count: the worker had to stop, or the source asked to wait; the item did nothing wrong. */
  async markInterrupted(): Promise<void> {
    const mark = { v: 1, ...this.#ref, attempt: this.number, at: new Date().toISOString() };
    await writeOnce(this.#store, `${prefix(this.#ref)}${this.number}-interrupted.json`, mark);
  }

  /** Reads the claims of the other tries: a request for the list, and one for each of them that was not interrupted. */
  async others(): Promise<OtherTries> {
    const now = new Date().toISOString();
    const alive: Claim[] = [];
    let ended = 0;
    for (const number of await countedNumbers(this.#store, this.#ref)) {
      if (number === this.number) continue;
      const claim = await readJson(this.#store, `${prefix(this.#ref)}${number}.json`, claimSchema);
      if (claim === undefined || claim.leaseUntil <= now) ended++;
      // Of two tries that look at each other one has to go on.
      else if (number < this.number) alive.push(claim);
    }
    return { ended, alive };
  }

  #writeLease(seconds: number): Promise<void> {
    const claim = { ...this.#claim, leaseUntil: fromNow(seconds) };
    return writeJson(this.#store, `${prefix(this.#ref)}${this.number}.json`, claim);
  }
}

/**
 * Takes the next free attempt number, beginning with the delivery's receive count.
 *
 * @param leaseSeconds for how long the try counts as alive without an extension: the message's visibility.
 * @returns a try whose number no other delivery has had for this.
 */
export async function claimAttempt(
  store: Store,
  ref: TaskRef,
  delivery: { readonly messageId: string; readonly receiveCount: number },
  worker: string,
  leaseSeconds: number,
): Promise<Attempt> {
  // The nonce tells one's own claim, whose answer was lost, from another delivery's.
  const common = { v: 1, ...ref, worker, messageId: delivery.messageId, nonce: randomUUID() };
  for (let attempt = delivery.receiveCount; ; attempt++) {
    const claim = { ...common, attempt, at: new Date().toISOString() };
    const written = { ...claim, leaseUntil: fromNow(leaseSeconds) };
    if ((await writeOwn(store, `${prefix(ref)}${attempt}.json`, written)) === 'written') {
      return new Attempt(store, ref, attempt, claim, leaseSeconds);
    }
  }
}

function fromNow(seconds: number): string {
  return new Date(Date.now() + seconds * 1_000).toISOString();
}

async function countedNumbers(store: Store, ref: TaskRef): Promise<Set<number>> {
  const claimed = new Set<number>();
  const interrupted = new Set<number>();
  for await (const key of listKeys(store, prefix(ref))) {
    const [, number, mark] = /\/(\d+)(-interrupted)?\.json$/.exec(key) ?? [];
    if (number !== undefined) (mark === undefined ? claimed : interrupted).add(Number(number));
  }
  return claimed.difference(interrupted);
}
