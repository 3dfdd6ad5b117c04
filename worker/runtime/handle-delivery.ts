import { PermanentError } from '#processors/contract/permanent-error.ts';
import type { WorkMessage } from '#run/fleet/message.ts';
import { NewerVersionError } from '#run/newer-version.ts';
import { afterError } from './after-error.ts';
import { claimAttempt, countAttempts } from './attempts.ts';
import { fetchTask } from './fetch-task.ts';
import { type Heartbeat, startHeartbeat } from './heartbeat.ts';
import { itemLogger } from './logger.ts';
import type { Verdict, WorkerParts } from './parts.ts';
import { processTask } from './process-task.ts';
import type { Delivery } from './queue.ts';
import { readMessage, type UnreadableMessage } from './read-message.ts';
import { DoneElsewhereError, WorkerStoppingError, WorkLostError } from './reasons.ts';
import { recordFailure } from './record-failure.ts';
import { retrySeconds } from './retry-seconds.ts';
import type { Task } from './task.ts';

/** The name, in records, of an item whose workers died on it without a word, as often as it may be tried. */
export class WorkerDiedError extends PermanentError {
  override readonly name = 'WorkerDiedError';
}

/** A message that doesn't have the shape of one. */
export class BadMessageError extends PermanentError {
  override readonly name = 'BadMessageError';
}

/**
 * Does what one delivery asks for, and settles it with the queue. Never rejects: what goes wrong on the way (S3 or SQS
 * not answering) sends the message back for another try.
 *
 * @param stopping aborts when the worker has no more time for work that is under way.
 */
export async function handleDelivery(parts: WorkerParts, delivery: Delivery, stopping: AbortSignal): Promise<Verdict> {
  const read = readMessage(delivery.body);
  try {
    if ('newer' in read) throw new NewerVersionError(`a message was sent by a newer version of Sluice: ${read.newer}`);
    if ('unreadable' in read) return await refuse(parts, delivery, read.unreadable);
    return await handleReserved(parts, delivery, taskOf(parts, read.message), stopping);
  } catch (error) {
    return await sendBack(parts, delivery, error);
  }
}

/** Keeps the message reserved for as long as its task takes, and no longer. */
async function handleReserved(
  parts: WorkerParts,
  delivery: Delivery,
  task: Task,
  stopping: AbortSignal,
): Promise<Verdict> {
  const work = new AbortController();
  const stop = (): void => work.abort(new WorkerStoppingError('the worker is being stopped'));
  stopping.addEventListener('abort', stop, { once: true });
  if (stopping.aborted) stop();
  const heartbeat = beatFor(parts, delivery, task, work);
  try {
    return await handleTask(parts, delivery, task, work.signal, heartbeat);
  } finally {
    await heartbeat.stop();
    stopping.removeEventListener('abort', stop);
  }
}

function taskOf(parts: WorkerParts, message: WorkMessage): Task {
  return message.fetch === undefined ? processTask(parts, message) : fetchTask(parts, message, message.fetch);
}

function beatFor(
  { queue, settings, logger }: WorkerParts,
  delivery: Delivery,
  task: Task,
  work: AbortController,
): Heartbeat {
  return startHeartbeat({
    intervalSeconds: settings.heartbeatSeconds,
    async beat() {
      if ((await queue.extend(delivery)) === 'lost') return new WorkLostError('the message is no longer reserved');
      return (await task.isDone()) ? new DoneElsewhereError('another worker has done it') : undefined;
    },
    stopWork: (reason) => work.abort(reason),
    onError: (error) => logger.warn('a heartbeat failed and is tried again', { messageId: delivery.messageId, error }),
  });
}

async function handleTask(
  parts: WorkerParts,
  delivery: Delivery,
  task: Task,
  signal: AbortSignal,
  heartbeat: Heartbeat,
): Promise<Verdict> {
  const { store, queue } = parts;
  const about = { ...task.ref, name: task.name };
  const settled = await task.settledAs();
  if (settled !== undefined) {
    itemLogger(parts.logger, about).info('nothing to do for this message', { settled });
    await queue.delete(delivery);
    return { kind: 'skipped' };
  }

  const attempt = await claimAttempt(store, task.ref, delivery.receiveCount, parts.worker);
  const logger = itemLogger(parts.logger, about, attempt);
  const began = performance.now();
  let record: () => Promise<'written' | 'exists' | 'late'>;
  try {
    if (attempt > 1) await refuseCrashLoop(parts, task);
    logger.info('begins', { task: task.what });
    record = await task.run(attempt, signal, logger);
  } catch (error) {
    await heartbeat.stop();
    return await afterError(parts, delivery, task, attempt, error, logger);
  }
  const word = await record();
  await heartbeat.stop();
  await queue.delete(delivery);
  logger.info(word === 'exists' ? 'another worker was faster' : 'done', {
    word,
    seconds: Math.round(performance.now() - began) / 1_000,
  });
  return { kind: word === 'written' ? 'done' : word === 'late' ? 'late' : 'skipped' };
}

/** Tries that end without a word are a worker killed each time, by the item's memory, say. More would only kill more. */
async function refuseCrashLoop({ store, settings }: WorkerParts, { ref, name }: Task): Promise<void> {
  const before = (await countAttempts(store, ref)) - 1;
  if (before < settings.maxAttempts) return;
  throw new WorkerDiedError(
    `${before} tries of ${name} ended without a word: the worker was killed each time, or ran out of memory`,
  );
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
  if (isOutdated) logger.warn('a message goes back to a worker of the newer version', { ...about, error });
  else logger.error('a delivery could not be settled and goes back', { ...about, error });
  try {
    await queue.giveBack(delivery, pauseSeconds);
  } catch (cause) {
    logger.warn('a message comes back by itself when its visibility ends', { ...about, error: cause });
  }
  return isOutdated ? { kind: 'outdated' } : { kind: 'retry', pauseSeconds };
}
