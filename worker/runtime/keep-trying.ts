import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessorLogger } from '#processors/contract/processor.ts';
import { WorkerStoppingError } from './reasons.ts';

const LONGEST_PAUSE_MS = 30_000;
/** If S3 fails for longer, the item is tried again later. */
const PATIENCE_MS = 15 * 60_000;

/** The work is done, but S3 doesn't store its record. The item did nothing wrong. */
export class NotRecordedError extends Error {
  override readonly name = 'NotRecordedError';
}

/**
 * Writes the record of finished work, and tries again if S3 fails for a moment: the work must not be repeated because
 * of that.
 *
 * @param signal if it aborts with a WorkerStoppingError, there is time for one more attempt. Any other reason changes
 * nothing: the first result counts, whoever owns the message.
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
      logger.warn('the work is done, but its record could not be written: the worker tries again', { error });
    }
    if (!isStopping(signal)) await sleep(pauseMs, undefined, { signal: stopOf(signal) }).catch(() => undefined);
  }
}

function isStopping(signal: AbortSignal): boolean {
  return signal.aborted && signal.reason instanceof WorkerStoppingError;
}

/** An abort for another reason would end each pause at once, so it is ignored. */
function stopOf(signal: AbortSignal): AbortSignal | undefined {
  return signal.aborted ? undefined : signal;
}
