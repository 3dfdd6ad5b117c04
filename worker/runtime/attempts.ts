import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { runKeys } from '#run/keys.ts';
import { listKeys, readJson, type Store, writeJson, writeOnce, writeOwn } from '#run/store.ts';

/**
 * The task of a worker, and the item and run that it belongs to. Landing an item and processing it are counted
 * separately.
 */
export interface TaskRef {
  readonly runId: string;
  readonly item: string;
  readonly stage: 'process' | 'transfer';
}

/**
 * An attempt of an item, as it is claimed in the run's records. Only its worker writes it again: with a later end of
 * its lease while the work continues, and with an earlier one when the attempt fails.
 */
const claimSchema = z.object({
  attempt: z.int().positive(),
  worker: z.string(),
  /** The SQS message that started the attempt. */
  messageId: z.string().default(''),
  /** Until this time the attempt counts as alive, even if its worker writes nothing more. */
  leaseUntil: z.iso.datetime().default(new Date(0).toISOString()),
});
export type Claim = z.infer<typeof claimSchema>;

/** The other attempts of an item. */
export interface OtherTries {
  /** How many attempts failed or died: their lease has ended. Interrupted attempts don't count. */
  readonly ended: number;
  /** The attempts with a lower number that are alive. */
  readonly alive: readonly Claim[];
}

/**
 * Attempts are counted here, in the run's records, and not only by SQS's receive count. That count begins again when a
 * message is sent again, two messages of one item have separate counts, and it counts interruptions (a Spot task that
 * has to go) like failures. The claim is write-once, so two deliveries at once never write their outputs to the same
 * place.
 */
const prefix = ({ runId, item, stage }: TaskRef): string => `${runKeys(runId).attempts(item)}${stage}/`;

/** One attempt, from its claim to its end. */
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

  /** Records that the attempt is still alive, with a new lease that begins now. */
  extend(): Promise<void> {
    return this.#writeLease(this.#leaseSeconds);
  }

  /** Records that the attempt has failed. It counts. */
  endInFailure(): Promise<void> {
    return this.#writeLease(0);
  }

  /**
   * Removes the attempt from the count: the worker had to stop, or the source asked to wait. The item did nothing
   * wrong.
   */
  async markInterrupted(): Promise<void> {
    const mark = { v: 1, ...this.#ref, attempt: this.number, at: new Date().toISOString() };
    await writeOnce(this.#store, `${prefix(this.#ref)}${this.number}-interrupted.json`, mark);
  }

  /**
   * Reads the claims of the other attempts: one request for the list, and one for each attempt that was not
   * interrupted.
   */
  async others(): Promise<OtherTries> {
    const now = new Date().toISOString();
    const alive: Claim[] = [];
    let ended = 0;
    for (const number of await countedNumbers(this.#store, this.#ref)) {
      if (number === this.number) continue;
      const claim = await readJson(this.#store, `${prefix(this.#ref)}${number}.json`, claimSchema);
      if (claim === undefined || claim.leaseUntil <= now) ended++;
      // If two attempts see each other, the one with the lower number continues.
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
 * Claims the next free attempt number, beginning with the delivery's receive count.
 *
 * @param leaseSeconds how long the attempt counts as alive without an extension: the visibility timeout of the message.
 * @returns an attempt whose number no other delivery had for this task.
 */
export async function claimAttempt(
  store: Store,
  ref: TaskRef,
  delivery: { readonly messageId: string; readonly receiveCount: number },
  worker: string,
  leaseSeconds: number,
): Promise<Attempt> {
  // If the answer to a claim was lost, the nonce shows that the stored claim is this delivery's own.
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
