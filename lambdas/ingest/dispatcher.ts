import { dispatch } from '#run/fleet/dispatch.ts';
import type { WorkMessage } from '#run/fleet/message.ts';
import type { Trouble } from '#run/problem/note.ts';
import type { Store } from '#run/store.ts';
import type { LateQueue } from './late-queue.ts';

/**
 * Sends messages. Those that arrive while a send is under way are sent together in the next call: the message of the
 * first landed object is sent at once, and many small objects share a call.
 */
export class Dispatcher {
  readonly #store: Store;
  readonly #runId: string;
  readonly #queue: LateQueue;
  #waiting: WorkMessage[] = [];
  #sending: Promise<void> | undefined;
  #sent = 0;

  constructor(store: Store, runId: string, queue: LateQueue) {
    this.#store = store;
    this.#runId = runId;
    this.#queue = queue;
  }

  /** The number of sent messages, including those that SQS will never accept. */
  get sent(): number {
    return this.#sent;
  }

  add(message: WorkMessage): void {
    this.#waiting.push(message);
    this.#sending ??= this.#send();
    // `flush` reports this error. Without the handler, an early failure would end the process as an unhandled
    // rejection.
    this.#sending.catch(() => {});
  }

  /** Returns when SQS has accepted every message. @throws DispatchError, and the errors that AWS answers. */
  async flush(): Promise<void> {
    await this.#sending;
  }

  async #send(): Promise<void> {
    while (this.#waiting.length > 0) {
      const messages = this.#waiting;
      this.#waiting = [];
      await this.#dispatch(messages);
      this.#sent += messages.length;
    }
    this.#sending = undefined;
  }

  async #dispatch(messages: WorkMessage[]): Promise<void> {
    try {
      await dispatch(this.#store, await this.#queue(), messages);
    } catch (error) {
      // The gatekeeper sends these messages again, minutes later. The note explains why the run waited.
      const { recordNote } = await import('#run/ledger/run-notes.ts');
      await recordNote(this.#store, this.#runId, notSent(error));
      throw error;
    }
  }
}

function notSent(error: unknown): Trouble {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { name, code: 'dispatch-failed', message: `items could not be sent to the workers: ${name}: ${message}` };
}
