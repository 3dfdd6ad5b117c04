import { SourceAsksToWaitError, SourceFaultError, SourceUnavailableError } from '../errors.ts';
import type { SourceSession } from './session.ts';

/** A source that sends a little and breaks, again and again, fails after this many times its attempts. */
const ATTEMPTS_WITH_PROGRESS = 10;

/** If a body was not read for so long because S3 was slow, its source may close it. This is not the source's fault. */
export const REST_MILLISECONDS = 1_000;

/** Repeats a request to a source after a failure. Only this class counts attempts and decides when to stop trying. */
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
   * Waits after a fault, and returns if the request may be sent again.
   *
   * @param what the name of the failed thing in errors.
   * @param progress whether the attempt brought bytes that are kept.
   * @throws the error itself if it is not a SourceFaultError, or the signal has aborted; SourceUnavailableError;
   * SourceAsksToWaitError.
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

  /** @throws the error if another request does not help. */
  faultOf(error: unknown): SourceFaultError {
    if (!(error instanceof SourceFaultError) || this.#signal.aborted) throw error;
    return error;
  }

  /** Counts a fault. @returns whether to stop trying. */
  count(progress: boolean): boolean {
    const { limits, patience } = this.#session;
    this.#inARow = progress ? 1 : this.#inARow + 1;
    this.#all += 1;
    const { attempts } = limits;
    return this.#inARow >= attempts || this.#all >= attempts * ATTEMPTS_WITH_PROGRESS || patience.isOver;
  }

  /** Earlier failures don't count any more. */
  forgive(): void {
    this.#inARow = 0;
  }

  /** For example `4 times`. */
  get times(): string {
    return this.#all === 1 ? 'once' : `${this.#all} times`;
  }

  pause(fault: SourceFaultError): Promise<void> {
    return this.#session.pause(fault, Math.max(1, this.#inARow), this.#signal, this.#deadline);
  }
}
