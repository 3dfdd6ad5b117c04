import type { RunEvent } from './run-events.ts';

/** How many records each ledger of a run holds so far. */
export interface LedgerCounts {
  readonly landed: number;
  readonly processed: number;
  readonly failed: number;
}

/** Gathers a run's events into what can be said of it now. */
export class RunProgress {
  #state = 'starting';
  #items: number | undefined;
  #counts: LedgerCounts | undefined;
  #gate: { readonly message: string; readonly looks: number } | undefined;
  #faults = 0;

  add(event: RunEvent): void {
    if (event.kind === 'state') this.#state = event.state;
    if (event.kind === 'planned') this.#items = event.plan.items;
    if (event.kind === 'not-ready') this.#gate = { message: event.message, looks: (this.#gate?.looks ?? 0) + 1 };
    if (event.kind === 'fault') this.#faults += 1;
  }

  set counts(counts: LedgerCounts) {
    this.#counts = counts;
  }

  /** One line: the state, how far it is, what the gatekeeper said last. */
  toString(): string {
    return [
      this.#state,
      this.#howFar(),
      this.#faults === 0 ? undefined : `${this.#faults} ${this.#faults === 1 ? 'error' : 'errors'} of other kinds`,
    ]
      .filter((part) => part !== undefined)
      .join(': ');
  }

  #howFar(): string | undefined {
    if (this.#state === 'GatekeeperState' && this.#gate !== undefined) {
      return `look ${this.#gate.looks}, ${this.#gate.message}`;
    }
    if (this.#items === undefined) return undefined;
    const items = `${this.#items} ${this.#items === 1 ? 'item' : 'items'}`;
    if (this.#counts === undefined) return items;
    const { landed, processed, failed } = this.#counts;
    return `${landed} landed, ${processed} processed, ${failed} failed of ${items}`;
  }
}
