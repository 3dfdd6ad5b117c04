/**
 * Measures how long a source has been too slow, over all connections of one transfer.
 *
 * The clock runs only while the transfer waits for the source: a slow S3, or the wait for a turn at the host, is not
 * counted. Each byte makes up for its time at the minimum speed, so a source that sends very slowly reaches the limit a
 * little later than one that sends nothing.
 */
export class Patience {
  readonly #most: number;
  readonly #bytesPerSecond: number;
  #waiting = 0;
  #since = 0;
  #seconds = 0;

  /** @param most seconds. */
  constructor(most: number, bytesPerSecond: number) {
    this.#most = most;
    this.#bytesPerSecond = Math.max(1, bytesPerSecond);
  }

  get isOver(): boolean {
    this.#account();
    return this.#seconds >= this.#most;
  }

  /** Runs the clock during the work. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#account();
    this.#waiting += 1;
    try {
      return await work();
    } finally {
      this.#account();
      this.#waiting -= 1;
    }
  }

  received(bytes: number): void {
    this.#account();
    this.#seconds = Math.max(0, this.#seconds - bytes / this.#bytesPerSecond);
  }

  #account(): void {
    const now = performance.now();
    if (this.#waiting > 0) this.#seconds += (now - this.#since) / 1_000;
    this.#since = now;
  }
}
