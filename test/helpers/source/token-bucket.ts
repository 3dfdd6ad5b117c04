import { setTimeout as sleep } from 'node:timers/promises';

/** Saved up while nothing is sent, in time: enough to make up for late timers, too little to make small ranges look fast. */
const BURST_SECONDS = 0.02;

/** Limits a flow to a rate: a token a byte, none at the start. */
export class TokenBucket {
  readonly #bytesPerSecond: number;
  readonly #burstBytes: number;
  #tokens = 0;
  #filledAt = performance.now();

  constructor(bytesPerSecond: number) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#burstBytes = Math.max(1, bytesPerSecond * BURST_SECONDS);
  }

  /** The largest flow worth taking at once. */
  get sliceBytes(): number {
    return Math.max(1, Math.floor(this.#burstBytes / 2));
  }

  /** Resolves when `bytes` may be sent. The bucket may go below zero, so that a slice may be larger than the burst. */
  async take(bytes: number): Promise<void> {
    const now = performance.now();
    const earned = ((now - this.#filledAt) / 1000) * this.#bytesPerSecond;
    this.#tokens = Math.min(this.#burstBytes, this.#tokens + earned) - bytes;
    this.#filledAt = now;
    if (this.#tokens < 0) await sleep((-this.#tokens / this.#bytesPerSecond) * 1000);
  }
}
