import { backoffMilliseconds, wait } from '#net/wait.ts';
import { StorageError, TransferError, UploadVanishedError } from '../errors.ts';
import { isTransientS3Error, s3ErrorCode, s3Reason, UncertainAnswerError } from './errors.ts';

/** Attempts of one call, with backoff from 0.2 s to 10 s between: about half a minute. */
export const MOST_ATTEMPTS = 9;
/** An answer that doesn't come from S3 comes from a system in between, which will repeat it. */
const UNCERTAIN_ANSWERS = 3;
const BACKOFF_SECONDS = 0.2;
const LONGEST_BACKOFF_SECONDS = 10;

/** The attempts of a call that makes something, with such an error. */
export function mostAttempts(error: unknown): number {
  return error instanceof UncertainAnswerError ? UNCERTAIN_ANSWERS : MOST_ATTEMPTS;
}

/** Repeats calls on one object if S3 answers "not now". */
export class Attempts {
  /** The number of attempts after the first ones. */
  repeats = 0;
  readonly #name: string;

  /** @param name of the object in errors. */
  constructor(name: string) {
    this.#name = name;
  }

  /**
   * Tries until the call succeeds, S3 refuses, or S3 has failed too often in a row.
   *
   * @param what the name of the call in errors.
   * @param most attempts in a row with such an error.
   * @throws StorageError, UploadVanishedError, a TransferError of the call itself, or the signal's reason.
   */
  async until<T>(
    what: string,
    signal: AbortSignal,
    call: () => Promise<T>,
    most: (error: unknown) => number = () => MOST_ATTEMPTS,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await call();
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        // The source of a piped part failed, not S3.
        if (error instanceof TransferError) throw error;
        if (s3ErrorCode(error) === 'NoSuchUpload') {
          throw new UploadVanishedError(`${this.#name}: the upload does not exist any more (${what})`, {
            cause: error,
          });
        }
        if (!isTransientS3Error(error) || attempt >= most(error)) throw this.failed(what, error, attempt);
        await this.pause(attempt, signal);
      }
    }
  }

  /** Waits before the next attempt, and counts it. `attempt` is the number of attempts so far. */
  async pause(attempt: number, signal: AbortSignal): Promise<void> {
    this.repeats += 1;
    await wait(backoffMilliseconds(attempt, BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS), signal);
  }

  failed(what: string, error: unknown, attempts: number): StorageError {
    const times = attempts === 1 ? '' : ` ${attempts} times in a row`;
    return new StorageError(`${this.#name}: ${what} failed${times}: ${s3Reason(error)}`, { cause: error });
  }
}
