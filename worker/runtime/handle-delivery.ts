import { PermanentError } from '#processors/contract/permanent-error.ts';
import { recordFailure } from '#run/ledger/record-failure.ts';
import { NewerVersionError } from '#run/newer-version.ts';
import { fetchTask } from './fetch-task.ts';
import { NotRecordedError } from './keep-trying.ts';
import type { Verdict, WorkerParts } from './parts.ts';
import { processTask } from './process-task.ts';
import type { Delivery } from './queue.ts';
import { readMessage, type UnreadableMessage } from './read-message.ts';
import { reserve } from './reserve.ts';
import { retrySeconds } from './retry-seconds.ts';
import { tryTask } from './try-task.ts';

/** A message does not have the form of our messages. */
export class BadMessageError extends PermanentError {
  override readonly name = 'BadMessageError';
}

/**
 * Does the work of one delivery, and settles the delivery with the queue. Never rejects: if S3 or SQS do not answer,
 * the message returns to the queue for another attempt.
 *
 * @param stopping aborts when the worker has no more time for the work.
 */
export async function handleDelivery(parts: WorkerParts, delivery: Delivery, stopping: AbortSignal): Promise<Verdict> {
  const read = readMessage(delivery.body);
  try {
    if ('newer' in read) throw new NewerVersionError(`a message was sent by a newer version of Sluice: ${read.newer}`);
    if ('unreadable' in read) return await refuse(parts, delivery, read.unreadable);
    const { message } = read;
    const task = message.fetch === undefined ? processTask(parts, message) : fetchTask(parts, message, message.fetch);
    const reservation = reserve(parts, delivery, task, stopping);
    try {
      return await tryTask(parts, delivery, task, reservation);
    } finally {
      await reservation.release();
    }
  } catch (error) {
    const verdict = await sendBack(parts, delivery, error);
    return stopping.aborted && error instanceof NotRecordedError ? { kind: 'returned' } : verdict;
  }
}

async function refuse(parts: WorkerParts, delivery: Delivery, { problem, ref }: UnreadableMessage): Promise<Verdict> {
  parts.logger.error('a message is refused and deleted', { messageId: delivery.messageId, problem, ...ref });
  if (ref !== undefined)
    await recordFailure(parts.store, { ...ref, stage: 'process' }, new BadMessageError(problem), delivery.receiveCount);
  await parts.queue.delete(delivery);
  return { kind: 'refused' };
}

async function sendBack(
  { queue, settings, logger }: WorkerParts,
  delivery: Delivery,
  error: unknown,
): Promise<Verdict> {
  const pauseSeconds = retrySeconds(delivery.receiveCount, settings.retrySeconds);
  const about = { messageId: delivery.messageId, pauseSeconds };
  const isOutdated = error instanceof NewerVersionError;
  if (isOutdated) logger.warn('a message is returned for a worker of the newer version', { ...about, error });
  else logger.error('a delivery could not be settled and is returned', { ...about, error });
  try {
    await queue.giveBack(delivery, pauseSeconds);
  } catch (cause) {
    logger.warn('a message becomes visible by itself when its visibility timeout ends', { ...about, error: cause });
  }
  return isOutdated ? { kind: 'outdated' } : { kind: 'retry', pauseSeconds };
}
