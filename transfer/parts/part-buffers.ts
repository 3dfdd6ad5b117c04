import { whenAborted } from '#net/signals.ts';
import { buffersFor, giveBuffer, takeBuffer } from './buffers.ts';

/** The part buffers of one slice. A connection that needs one waits while all of them are full. */
export class PartBuffers {
  readonly #bytes: number;
  readonly #signal: AbortSignal;
  readonly #largest: number;
  /** How many there may be now. */
  #most: number;
  /** How many there are. */
  #made = 0;
  readonly #free: Buffer[] = [];
  readonly #waiting: ((buffer: Buffer) => void)[] = [];

  /**
   * @param bytes of each buffer.
   * @param connections that fill buffers at the same time; each has one at first.
   */
  constructor(bytes: number, connections: number, signal: AbortSignal) {
    this.#bytes = bytes;
    this.#signal = signal;
    this.#most = connections;
    this.#largest = buffersFor(connections);
  }

  /** Takes a buffer if there is one now. @throws the signal's reason. */
  takeNow(): Buffer | undefined {
    this.#signal.throwIfAborted();
    return this.#free.pop() ?? (this.#made < this.#most ? this.#make() : undefined);
  }

  /** Waits for a buffer. @throws the signal's reason. */
  async take(): Promise<Buffer> {
    const now = this.takeNow();
    if (now !== undefined) return now;
    return new Promise((resolve, reject) => {
      // The slice ends with the signal, so nobody takes a buffer after this.
      const forget = whenAborted(this.#signal, () => reject(this.#signal.reason));
      this.#waiting.push((buffer) => {
        forget();
        resolve(buffer);
      });
    });
  }

  /** Does work that uses a buffer of its own: meanwhile there may be one buffer less. */
  async withOwnBuffer(work: () => Promise<void>): Promise<void> {
    this.#most -= 1;
    await work();
    this.addOne();
  }

  /** Permits one more buffer than before, up to the largest useful number. */
  addOne(): void {
    if (this.#most === this.#largest) return;
    this.#most += 1;
    if (this.#made < this.#most) this.#waiting.shift()?.(this.#make());
  }

  /**
   * Returns a buffer, or a part of one, for the next part. Call it only after success: a failed or aborted operation
   * may still write to the buffer.
   */
  give({ buffer }: Buffer): void {
    const whole = Buffer.from(buffer as ArrayBuffer);
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(whole);
    else next(whole);
  }

  /** Gives the free buffers to other slices and files. */
  giveBack(): void {
    for (const buffer of this.#free.splice(0)) giveBuffer(buffer);
  }

  #make(): Buffer {
    this.#made += 1;
    return takeBuffer(this.#bytes);
  }
}
