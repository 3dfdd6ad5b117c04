import { startHeartbeat } from './heartbeat.ts';
import type { WorkerParts } from './parts.ts';
import type { Delivery } from './queue.ts';
import { DoneElsewhereError, WorkerStoppingError, WorkLostError } from './reasons.ts';
import type { Task } from './task.ts';

/** A message that stays reserved while work on it continues. */
export interface Reservation {
  /**
   * Aborts when the work has to stop: the message is lost, another worker was faster, or this worker has no more time.
   */
  readonly signal: AbortSignal;
  /** Is called after each extension. Errors that it throws are logged. */
  onExtended: () => Promise<void>;
  /** Ends the heartbeat. No extension is under way afterwards, so a visibility that is set then is kept. */
  release(): Promise<void>;
}

/**
 * Keeps a message reserved by heartbeats until it is released.
 *
 * @param stopping aborts when the worker has no more time for the work.
 */
export function reserve(
  { queue, settings, logger }: WorkerParts,
  delivery: Delivery,
  task: Task,
  stopping: AbortSignal,
): Reservation {
  const work = new AbortController();
  const stop = (): void => work.abort(new WorkerStoppingError('the worker is being stopped'));
  stopping.addEventListener('abort', stop, { once: true });
  if (stopping.aborted) stop();
  const onError = (error: unknown) =>
    logger.warn('a heartbeat failed and is tried again', { messageId: delivery.messageId, error });
  const heartbeat = startHeartbeat({
    intervalSeconds: settings.heartbeatSeconds,
    async beat() {
      if ((await queue.extend(delivery)) === 'lost') return new WorkLostError('the message is no longer reserved');
      await reservation.onExtended().catch(onError);
      return (await task.isDone()) ? new DoneElsewhereError('another worker has done it') : undefined;
    },
    stopWork: (reason) => work.abort(reason),
    onError,
  });
  const reservation: Reservation = {
    signal: work.signal,
    onExtended: () => Promise.resolve(),
    async release() {
      await heartbeat.stop();
      stopping.removeEventListener('abort', stop);
    },
  };
  return reservation;
}
