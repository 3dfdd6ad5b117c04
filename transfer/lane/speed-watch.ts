import { SourceFaultError } from '../errors.ts';

const TICK_MILLISECONDS = 500;

/** When a sender counts as too slow. */
export interface SpeedLimits {
  /** Seconds without a byte while a read waits. */
  readonly idleSeconds: number;
  /** The average over `minSpeedSeconds` in which a read waited. */
  readonly minBytesPerSecond: number;
  readonly minSpeedSeconds: number;
}

/**
 * Checks that a source sends at all, and not too slowly. Its clock runs only while a read waits: the time in which a
 * reader waits for S3 does not count against the source.
 */
export class SpeedWatch {
  readonly #origin: string;
  readonly #limits: SpeedLimits;
  readonly #onSlow: (error: SourceFaultError) => void;
  readonly #onTick: () => void;
  #timer: NodeJS.Timeout | undefined;
  #since = 0;
  /** The bytes in the window that is being measured. */
  #bytes = 0;
  #milliseconds = 0;
  #idleMilliseconds = 0;
  /** Whether a byte has come since the time was accounted last. */
  #heard = false;

  /** @param onTick is called twice a second or more often while a read waits. */
  constructor(origin: string, limits: SpeedLimits, onSlow: (error: SourceFaultError) => void, onTick: () => void) {
    this.#origin = origin;
    this.#limits = limits;
    this.#onSlow = onSlow;
    this.#onTick = onTick;
  }

  start(): void {
    if (this.#timer !== undefined) return;
    this.#since = performance.now();
    const tick = Math.min(TICK_MILLISECONDS, this.#limits.idleSeconds * 250, this.#limits.minSpeedSeconds * 250);
    this.#timer = setInterval(() => this.#look(), tick);
  }

  stop(): void {
    if (this.#timer === undefined) return;
    this.#account();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** It is called for each read, so it asks no clock: a source counts as idle from the tick after its last byte. */
  count(bytes: number): void {
    this.#bytes += bytes;
    this.#heard = true;
  }

  #account(): void {
    const now = performance.now();
    this.#milliseconds += now - this.#since;
    this.#idleMilliseconds = this.#heard ? 0 : this.#idleMilliseconds + (now - this.#since);
    this.#heard = false;
    this.#since = now;
  }

  #look(): void {
    this.#onTick();
    // The read may have ended in the call.
    if (this.#timer === undefined) return;
    this.#account();
    const { idleSeconds, minSpeedSeconds, minBytesPerSecond } = this.#limits;
    if (this.#idleMilliseconds >= idleSeconds * 1_000) {
      this.#slow(`${this.#origin} sent nothing for ${idleSeconds} s`);
    } else if (this.#milliseconds >= minSpeedSeconds * 1_000) {
      const perSecond = this.#bytes / (this.#milliseconds / 1_000);
      this.#bytes = 0;
      this.#milliseconds = 0;
      if (perSecond < minBytesPerSecond) {
        this.#slow(
          `${this.#origin} sent ${Math.round(perSecond)} bytes a second, less than the required ${minBytesPerSecond}`,
        );
      }
    }
  }

  #slow(message: string): void {
    this.stop();
    this.#onSlow(new SourceFaultError(message));
  }
}
