import { backoffMilliseconds, wait } from '#net/wait.ts';
import { StorageError, TransferError, UploadVanishedError } from '../errors.ts';
import { isTransientS3Error, s3ErrorCode } from './errors.ts';

/** At one call, with backoff from 0.2 s to 10 s between: about half a minute. */
export const MOST_ATTEMPTS = 9;
const BACKOFF_SECONDS = 0.2;
const LONGEST_BACKOFF_SECONDS = 10;

/** How calls on one object are tried again where S3 says "not now". */
export class Attempts {
  /** Attempts beyond each first one. */
  repeats = 0;
  readonly #name: string;

  /** @param name of the object, as errors name it. */
  constructor(name: string) {
    this.#name = name;
  }

  /**
   * Tries until it works, S3 refuses, or S3 has failed too often in a row.
   *
   * @param what the call, as errors name it.
   * @throws StorageError, UploadVanishedError, a TransferError of the call's own, or the signal's reason.
   */
  async until<T>(what: string, signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await call();
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        // A piped part's own source: S3 has no share in it.
        if (error instanceof TransferError) throw error;
        if (s3ErrorCode(error) === 'NoSuchUpload') {
          throw new UploadVanishedError(`${this.#name}: the upload is gone (${what})`, { cause: error });
        }
        if (!isTransientS3Error(error) || attempt === MOST_ATTEMPTS) throw this.failed(what, error, attempt);
        await this.pause(attempt, signal);
      }
    }
  }

  /** Waits before the next attempt, and counts it. `attempt` is how many there were, from 1. */
  async pause(attempt: number, signal: AbortSignal): Promise<void> {
    this.repeats += 1;
    await wait(backoffMilliseconds(attempt, BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS), signal);
  }

  failed(what: string, error: unknown, attempts: number): StorageError {
    const times = attempts === 1 ? '' : ` ${attempts} times in a row`;
    return new StorageError(
      `${this.#name}: ${what} failed${times}: ${s3ErrorCode(error)}: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
