import { dispatch, type Queue } from '#run/fleet/dispatch.ts';
import type { WorkMessage } from '#run/fleet/message.ts';
import type { Store } from '#run/store.ts';

/**
 * Sends messages as they come, and gathers those that come while a send is under way: the first landed object reaches
 * a worker at once, and many small ones share a call.
 */
export class Dispatcher {
  readonly #store: Store;
  readonly #queue: Queue;
  #waiting: WorkMessage[] = [];
  #sending: Promise<void> | undefined;
  #sent = 0;

  constructor(store: Store, queue: Queue) {
    this.#store = store;
    this.#queue = queue;
  }

  /** How many messages were sent, with those that SQS will never take. */
  get sent(): number {
    return this.#sent;
  }

  add(message: WorkMessage): void {
    this.#waiting.push(message);
    this.#sending ??= this.#send();
    // Heard by flush; without this an early failure would end the process as unhandled.
    this.#sending.catch(() => {});
  }

  /** Returns once every message is with SQS. @throws DispatchError */
  async flush(): Promise<void> {
    await this.#sending;
  }

  async #send(): Promise<void> {
    while (this.#waiting.length > 0) {
      const messages = this.#waiting;
      this.#waiting = [];
      await dispatch(this.#store, this.#queue, messages);
      this.#sent += messages.length;
    }
    this.#sending = undefined;
  }
}
