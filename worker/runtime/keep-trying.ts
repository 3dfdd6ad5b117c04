import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessorLogger } from '#processors/contract/processor.ts';
import { WorkerStoppingError } from './reasons.ts';

const LONGEST_PAUSE_MS = 30_000;
/** An S3 that fails for longer is worth another try of the item on another day. */
const PATIENCE_MS = 15 * 60_000;

/** The work is done, and S3 doesn't take its record. The item did nothing wrong. */
export class NotRecordedError extends Error {
  override readonly name = 'NotRecordedError';
}

/**
 * Writes the record of finished work, again and again: the work must not be repeated because S3 fails for a moment.
 *
 * @param signal with a WorkerStoppingError as its reason there is time for one more try. Any other reason changes nothing:
 *   the first result counts, whoever holds the message.
 * @throws NotRecordedError after a quarter of an hour, or when the worker stops.
 */
export async function keepTrying<T>(write: () => Promise<T>, signal: AbortSignal, logger: ProcessorLogger): Promise<T> {
  const until = Date.now() + PATIENCE_MS;
  for (let pauseMs = 500; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    const isLast = isStopping(signal) || Date.now() > until;
    try {
      return await write();
    } catch (error) {
      if (isLast)
        throw new NotRecordedError(`the record was not written: ${(error as Error).message}`, { cause: error });
      logger.warn('the work is done, and its record could not be written: the worker tries again', { error });
    }
    if (!isStopping(signal)) await sleep(pauseMs, undefined, { signal: stopOf(signal) }).catch(() => undefined);
  }
}

function isStopping(signal: AbortSignal): boolean {
  return signal.aborted && signal.reason instanceof WorkerStoppingError;
}

/** An abort for another reason would end each pause at once. */
function stopOf(signal: AbortSignal): AbortSignal | undefined {
  return signal.aborted ? undefined : signal;
}
