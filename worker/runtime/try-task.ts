import { PermanentError } from '#processors/contract/permanent-error.ts';
import type { ProcessorLogger } from '#processors/contract/processor.ts';
import { afterError } from './after-error.ts';
import { type Attempt, claimAttempt } from './attempts.ts';
import { keepTrying } from './keep-trying.ts';
import { itemLogger } from './logger.ts';
import type { Verdict, WorkerParts } from './parts.ts';
import type { Delivery } from './queue.ts';
import type { Reservation } from './reserve.ts';
import type { Task } from './task.ts';

/** The name, in records, for an item whose workers were killed on each of its attempts. */
export class WorkerDiedError extends PermanentError {
  override readonly name = 'WorkerDiedError';
}

/**
 * Makes one attempt of a task: claims it, does it, records the outcome, and settles the message.
 *
 * @throws the error of S3 or SQS if the item did nothing wrong. The attempt doesn't count then.
 */
export async function tryTask(
  parts: WorkerParts,
  delivery: Delivery,
  task: Task,
  reservation: Reservation,
): Promise<Verdict> {
  const { store, queue } = parts;
  const about = { ...task.ref, name: task.name, messageId: delivery.messageId };
  const settled = await task.settledAs();
  if (settled !== undefined) {
    itemLogger(parts.logger, about).info('nothing to do for this message', { settled });
    await queue.delete(delivery);
    return { kind: 'skipped' };
  }

  const attempt = await claimAttempt(store, task.ref, delivery, parts.worker, parts.settings.visibilitySeconds);
  const logger = itemLogger(parts.logger, about, attempt.number);
  reservation.onExtended = () => attempt.extend();
  const began = performance.now();
  const end = (outcome: Verdict['kind'] | 'error') =>
    logger.info('ends', { task: task.what, outcome, seconds: Math.round(performance.now() - began) / 1_000 });
  logger.info('begins', { task: task.what });
  try {
    const verdict =
      (await afterOthers(parts, delivery, task, attempt, logger)) ??
      (await runTask(parts, delivery, task, attempt, reservation, logger));
    end(verdict.kind);
    return verdict;
  } catch (error) {
    end('error');
    await attempt.markInterrupted().catch((cause) => logger.warn('the try counts as a failed one', { error: cause }));
    throw error;
  }
}

async function runTask(
  parts: WorkerParts,
  delivery: Delivery,
  task: Task,
  attempt: Attempt,
  reservation: Reservation,
  logger: ProcessorLogger,
): Promise<Verdict> {
  let record: Awaited<ReturnType<Task['run']>>;
  try {
    record = await task.run(attempt.number, reservation.signal, logger);
  } catch (error) {
    await reservation.release();
    return await afterError(parts, delivery, task, attempt, error, logger);
  }
  const word = await keepTrying(record, reservation.signal, logger);
  await reservation.release();
  await parts.queue.delete(delivery);
  if (word === 'exists') logger.info('another worker was faster');
  return { kind: word === 'written' ? 'done' : word === 'late' ? 'late' : 'skipped' };
}

/**
 * Reads the item's other attempts. If all allowed attempts are used up, the task does not begin.
 *
 * @returns undefined if the attempt may begin.
 */
async function afterOthers(
  parts: WorkerParts,
  delivery: Delivery,
  task: Task,
  attempt: Attempt,
  logger: ProcessorLogger,
): Promise<Verdict | undefined> {
  const { queue, settings } = parts;
  if (attempt.number === 1) return undefined;
  const { ended, alive } = await attempt.others();
  if (ended >= settings.maxAttempts) {
    // An attempt that fails writes this into its claim, and the last one is recorded as the failure. An attempt without
    // this was a worker that was killed.
    const error = new WorkerDiedError(
      `${ended} attempts at ${task.name} ended without an outcome: the worker was killed each time`,
    );
    return await afterError(parts, delivery, task, attempt, error, logger);
  }
  const [other] = alive;
  if (other === undefined || ended + alive.length < settings.maxAttempts) return undefined;
  await attempt.markInterrupted();
  logger.info('another attempt is under way, and the item may have no more', { other });
  if (alive.some(({ messageId }) => messageId === delivery.messageId)) {
    // This is one message that was delivered twice. If the other worker dies, only this message starts the item again,
    // so it must not be deleted.
    const leaseSeconds = Math.ceil((Date.parse(other.leaseUntil) - Date.now()) / 1_000);
    const pauseSeconds = Math.min(Math.max(1, leaseSeconds), settings.visibilitySeconds);
    await queue.giveBack(delivery, pauseSeconds);
    return { kind: 'retry', pauseSeconds };
  }
  await queue.delete(delivery);
  return { kind: 'skipped' };
}
