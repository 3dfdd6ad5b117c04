import { setTimeout as sleep } from 'node:timers/promises';

/** Saved up between two answers, in time: too little to make small ranges look fast. */
const REST_SECONDS = 0.02;
/**
 * Made up for within an answer, in time: a busy machine's timers are late, which is not the limit that was asked for.
 */
const LATE_SECONDS = 1;

/** Limits a flow to a rate: a token a byte, none at the start. */
export class TokenBucket {
  readonly #bytesPerSecond: number;
  #tokens = 0;
  #filledAt = performance.now();

  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** The largest flow worth taking at once. */
  get sliceBytes(): number {
    return Math.max(1, Math.floor((this.#bytesPerSecond * REST_SECONDS) / 2));
  }

  /** Another answer begins: of the rest before it little is saved. */
  begin(): void {
    this.#fill(REST_SECONDS);
  }

  /** Resolves when `bytes` may be sent. */
  async take(bytes: number): Promise<void> {
    this.#fill(LATE_SECONDS);
    this.#tokens -= bytes;
    if (this.#tokens < 0) await sleep((-this.#tokens / this.#bytesPerSecond) * 1_000);
  }

  #fill(mostSeconds: number): void {
    const now = performance.now();
    const earned = ((now - this.#filledAt) / 1_000) * this.#bytesPerSecond;
    this.#tokens = Math.min(this.#tokens + earned, mostSeconds * this.#bytesPerSecond);
    this.#filledAt = now;
  }
}
