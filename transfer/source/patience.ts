/**
 * How long a source has brought nothing worth waiting for, over all connections of one transfer.
 *
 * The clock runs only while something is waited for from the source: a slow S3, or a turn at the host, costs it nothing.
 * Each byte makes up for the time that it takes at the minimum speed, so that a source that drips is out of patience a
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

  /** Runs the clock while the work lasts. */
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
