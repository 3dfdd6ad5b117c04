import { PermanentError } from '#processors/contract/permanent-error.ts';
import type { ProcessorLogger } from '#processors/contract/processor.ts';
import { recordFailure } from '#run/ledger/record-failure.ts';
import { NewerVersionError } from '#run/newer-version.ts';
import { PermanentTransferError, SourceAsksToWaitError } from '#transfer/index.ts';
import type { Attempt } from './attempts.ts';
import type { Verdict, WorkerParts } from './parts.ts';
import type { Delivery } from './queue.ts';
import { DoneElsewhereError, WorkerStoppingError, WorkLostError } from './reasons.ts';
import { retrySeconds } from './retry-seconds.ts';
import type { Task } from './task.ts';

/** A source may ask for a longer pause, but a message can't stay hidden longer than 12 hours after its receipt. */
const LONGEST_WAIT_SECONDS = 3_600;

/**
 * Decides what happens to a message whose processing ended in an error: it is returned at once, left alone, deleted,
 * recorded as failed, or tried again after a pause.
 */
export async function afterError(
  parts: WorkerParts,
  delivery: Delivery,
  { ref, name }: Task,
  attempt: Attempt,
  error: unknown,
  logger: ProcessorLogger,
): Promise<Verdict> {
  const { store, queue, settings } = parts;
  if (error instanceof WorkerStoppingError) {
    logger.info('goes back to the queue, the worker stops');
    // This is recorded before the message becomes visible: the next receiver counts the attempts.
    await attempt.markInterrupted();
    await queue.giveBack(delivery, 0);
    return { kind: 'returned' };
  }
  if (error instanceof WorkLostError) {
    logger.warn('stopped, another delivery decides', { error });
    return { kind: 'skipped' };
  }
  if (error instanceof DoneElsewhereError) {
    logger.info('stopped, another worker was faster');
    await queue.delete(delivery);
    return { kind: 'skipped' };
  }
  if (error instanceof SourceAsksToWaitError) {
    const pauseSeconds = Math.min(Math.ceil((error.waitUntil.getTime() - Date.now()) / 1_000), LONGEST_WAIT_SECONDS);
    logger.info('goes back to the queue, the source asks to wait', { pauseSeconds });
    await attempt.markInterrupted();
    await queue.giveBack(delivery, Math.max(0, pauseSeconds));
    return { kind: 'retry', pauseSeconds };
  }
  // handleDelivery returns the message to the queue, and the attempt does not count.
  if (error instanceof NewerVersionError) throw error;
  // This is recorded first, so that of two attempts that fail at once, at least one sees that both have ended.
  await attempt.endInFailure();
  const attempts = (await attempt.others()).ended + 1;
  const isPermanent = error instanceof PermanentError || error instanceof PermanentTransferError;
  if (isPermanent || attempts >= settings.maxAttempts) {
    logger.error('failed', { error, attempts });
    await recordFailure(store, { ...ref, name }, error, attempts);
    await queue.delete(delivery);
    return { kind: 'failed' };
  }
  const pauseSeconds = retrySeconds(attempts, settings.retrySeconds);
  logger.warn('failed and will be tried again', { error, attempts, pauseSeconds });
  await queue.giveBack(delivery, pauseSeconds);
  return { kind: 'retry', pauseSeconds };
}
