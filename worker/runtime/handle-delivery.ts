import { recordResult } from '#run/ledger.ts';
import type { WorkMessage } from '#run/message.ts';
import type { ResultRecord } from '#run/records.ts';
import { PermanentError } from '../permanent-error.ts';
import { afterError } from './after-error.ts';
import { claimAttempt, countAttempts } from './attempts.ts';
import { type Heartbeat, startHeartbeat } from './heartbeat.ts';
import { itemLogger } from './logger.ts';
import type { Verdict, WorkerParts } from './parts.ts';
import { processMessage } from './process-message.ts';
import type { Delivery } from './queue.ts';
import { readMessage, type UnreadableMessage } from './read-message.ts';
import { DoneElsewhereError, WorkerStoppingError, WorkLostError } from './reasons.ts';
import { recordFailure } from './record-failure.ts';
import { retrySeconds } from './retry-seconds.ts';
import { hasResult, settledAs } from './settled.ts';

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
  const work = new AbortController();
  const stop = (): void => work.abort(new WorkerStoppingError('the worker is being stopped'));
  stopping.addEventListener('abort', stop, { once: true });
  if (stopping.aborted) stop();

  const read = readMessage(delivery.body);
  const heartbeat = beatFor(parts, delivery, 'message' in read ? read.message : undefined, work);
  try {
    if ('unreadable' in read) return await refuse(parts, delivery, read.unreadable);
    return await handleMessage(parts, delivery, read.message, work.signal, heartbeat);
  } catch (error) {
    await heartbeat.stop();
    return await sendBack(parts, delivery, error);
  } finally {
    await heartbeat.stop();
    stopping.removeEventListener('abort', stop);
  }
}

function beatFor(
  { queue, store, settings, logger }: WorkerParts,
  delivery: Delivery,
  message: WorkMessage | undefined,
  work: AbortController,
): Heartbeat {
  return startHeartbeat({
    intervalSeconds: settings.heartbeatSeconds,
    async beat() {
      if ((await queue.extend(delivery)) === 'lost') return new WorkLostError('the message is no longer reserved');
      if (message === undefined || !(await hasResult(store, message))) return undefined;
      return new DoneElsewhereError('another worker has written the result');
    },
    stopWork: (reason) => work.abort(reason),
    onError: (error) => logger.warn('a heartbeat failed and is tried again', { messageId: delivery.messageId, error }),
  });
}

async function handleMessage(
  parts: WorkerParts,
  delivery: Delivery,
  message: WorkMessage,
  signal: AbortSignal,
  heartbeat: Heartbeat,
): Promise<Verdict> {
  const { store, queue } = parts;
  const settled = await settledAs(store, message);
  if (settled !== undefined) {
    itemLogger(parts.logger, message).info('nothing to do for this message', { settled });
    await queue.delete(delivery);
    return { kind: 'skipped' };
  }

  const attempt = await claimAttempt(store, message, delivery.receiveCount, parts.worker);
  const logger = itemLogger(parts.logger, message, attempt);
  let result: ResultRecord;
  try {
    if (attempt > 1) await refuseCrashLoop(parts, message);
    logger.info('begins', { processor: message.process.processor });
    result = await processMessage(parts, message, attempt, signal, logger);
  } catch (error) {
    await heartbeat.stop();
    return await afterError(parts, delivery, message, attempt, error, logger);
  }
  const word = await recordResult(store, result);
  await heartbeat.stop();
  await queue.delete(delivery);
  logger.info(word === 'exists' ? 'another worker was faster' : 'done', { word, seconds: result.seconds });
  return { kind: word === 'written' ? 'done' : word === 'late' ? 'late' : 'skipped' };
}

/** Tries that end without a word are a worker killed each time, by the item's memory, say. More would only kill more. */
async function refuseCrashLoop({ store, settings }: WorkerParts, message: WorkMessage): Promise<void> {
  const before = (await countAttempts(store, message)) - 1;
  if (before < settings.maxAttempts) return;
  throw new WorkerDiedError(
    `${before} tries of ${message.name} ended without a word: the worker was killed each time, or ran out of memory`,
  );
}

async function refuse(parts: WorkerParts, delivery: Delivery, { problem, ref }: UnreadableMessage): Promise<Verdict> {
  parts.logger.error('a message is refused and deleted', { messageId: delivery.messageId, problem, ...ref });
  if (ref !== undefined) await recordFailure(parts.store, ref, new BadMessageError(problem), delivery.receiveCount);
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
  logger.error('a delivery could not be settled and goes back', { ...about, error });
  try {
    await queue.giveBack(delivery, pauseSeconds);
  } catch (cause) {
    logger.warn('a message comes back by itself when its visibility ends', { ...about, error: cause });
  }
  return { kind: 'retry', pauseSeconds };
}
