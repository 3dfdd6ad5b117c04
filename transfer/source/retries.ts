import { SourceAsksToWaitError, SourceFaultError, SourceUnavailableError } from '../errors.ts';
import type { SourceSession } from './session.ts';

/** A source that gives a little and breaks, again and again, is given up after so many times its attempts. */
const ATTEMPTS_WITH_PROGRESS = 10;

/**
 * How one thing is asked of a source again where it fails: the one place that counts attempts, and that says when the
 * source is given up.
 */
export class Retries {
  readonly #session: SourceSession;
  readonly #signal: AbortSignal;
  readonly #deadline: Date | undefined;
  #inARow = 0;
  #all = 0;

  constructor(session: SourceSession, signal: AbortSignal, deadline?: Date) {
    this.#session = session;
    this.#signal = signal;
    this.#deadline = deadline;
  }

  /**
   * Waits after a fault, and returns where the thing may be asked again.
   *
   * @param what failed, as the error names it.
   * @param progress whether the attempt brought something that is kept.
   * @throws the error itself where it is no SourceFaultError, or the signal has aborted; SourceUnavailableError,
   *   SourceAsksToWaitError.
   */
  async after(error: unknown, what: string, progress = false): Promise<void> {
    const fault = this.faultOf(error);
    if (this.count(progress)) {
      if (fault.notReady) {
        const waitUntil = new Date(Date.now() + (fault.retryAfterSeconds ?? 0) * 1_000);
        throw new SourceAsksToWaitError(this.#session.name, waitUntil);
      }
      throw new SourceUnavailableError(`${what} failed ${this.times}: ${fault.message}`, {
        cause: fault,
        bytes: fault.bytes,
      });
    }
    await this.pause(fault);
  }

  /** @throws the error where asking again is no answer to it. */
  faultOf(error: unknown): SourceFaultError {
    if (!(error instanceof SourceFaultError) || this.#signal.aborted) throw error;
    return error;
  }

  /** Counts a fault. @returns whether the source is to be given up. */
  count(progress: boolean): boolean {
    const { limits, patience } = this.#session;
    this.#inARow = progress ? 1 : this.#inARow + 1;
    this.#all += 1;
    const { attempts } = limits;
    return this.#inARow >= attempts || this.#all >= attempts * ATTEMPTS_WITH_PROGRESS || patience.isOver;
  }

  /** What came before is no failure of the source any more. */
  forgive(): void {
    this.#inARow = 0;
  }

  /** Such as `4 times`. */
  get times(): string {
    return this.#all === 1 ? 'once' : `${this.#all} times`;
  }

  pause(fault: SourceFaultError): Promise<void> {
    return this.#session.pause(fault, Math.max(1, this.#inARow), this.#signal, this.#deadline);
  }
}
