import { setTimeout as sleep } from 'node:timers/promises';
import { handleDelivery } from './handle-delivery.ts';
import type { Verdict, WorkerParts } from './parts.ts';
import type { Delivery } from './queue.ts';
import { startSigns } from './signs.ts';

/**
 * How long one request waits for messages. It is short, because a worker that is stopped waits for the open request to
 * end. Interrupting the request could lose a message that SQS has just delivered, for a whole visibility timeout.
 */
const POLL_SECONDS = 5;
/**
 * SQS's own limit for one request. A worker requests only as many messages as it has free places. So with fewer than
 * ten places, a request returns fewer messages. A message that waited in the worker would need a heartbeat, count as
 * received, and return to the queue when the worker stops, while another worker has nothing to do. Larger requests
 * would only save requests, which cost $0.30 for a million items, while the two records of each item cost $10. A worker
 * processes 105 to 140 tiny items a second with two places, 112 to 150 with ten (bench/worker-rate.ts).
 */
const MAX_RECEIVE = 10;
/**
 * The part of the stop timeout that is kept for processors to react to their signal (10 s) and for the last requests.
 */
const STOP_RESERVE_SECONDS = 30;
/** A worker does not wait for a message that stays hidden for longer: the gatekeeper starts another worker then. */
const LONGEST_REST_MS = 120_000;
const LONGEST_RECEIVE_PAUSE_MS = 30_000;
/** A worker that hasn't reached its queue for this long ends, because a task that can't work only costs money. */
const UNREACHABLE_MS = 5 * 60_000;

/** The number of deliveries by outcome. */
export type WorkerSummary = Record<Verdict['kind'], number>;

/** The queue didn't answer for 5 minutes, or does not exist. */
export class QueueUnreachableError extends Error {
  override readonly name = 'QueueUnreachableError';
}

/**
 * Works until the queue has stayed empty for `idleSeconds`, `stop` aborts, or a message of a newer version arrives.
 *
 * After `stop`, nothing new is begun. Work under way may finish until shortly before the stop timeout. Then it is
 * aborted and its messages are returned to the queue, where any worker can receive them at once.
 *
 * A newer version's message means that a deploy has replaced this worker's version. The worker finishes its work and
 * ends, and the gatekeeper starts a worker of the newer version instead.
 *
 * @returns the number of deliveries by outcome.
 * @throws QueueUnreachableError after everything under way is settled.
 */
export async function runWorker(parts: WorkerParts, stop: AbortSignal): Promise<WorkerSummary> {
  const { settings, logger } = parts;
  const summary = { done: 0, late: 0, failed: 0, skipped: 0, refused: 0, returned: 0, retry: 0, outdated: 0 };
  /** The deliveries under way, with the time at which each began. */
  const underWay = new Map<Promise<void>, number>();
  const outOfTime = new AbortController();
  let wake = (): void => undefined;
  let receiving: Promise<Delivery[] | 'no answer'> = Promise.resolve([]);
  let idleSince = Date.now();
  const activity = { queueAnsweredAt: Date.now(), underWay: { [Symbol.iterator]: () => underWay.values() } };
  const endSigns = startSigns(parts, activity);
  const leaves = (): boolean => stop.aborted || summary.outdated > 0;

  const begin = (delivery: Delivery): void => {
    const work = handleDelivery(parts, delivery, outOfTime.signal).then((verdict) => {
      summary[verdict.kind]++;
      underWay.delete(work);
      wake();
      // A receive doesn't return a message that is hidden before its next attempt. This worker waits for the message,
      // so that no new worker is needed.
      const restMs = verdict.kind === 'retry' ? Math.min(verdict.pauseSeconds * 1_000, LONGEST_REST_MS) : 0;
      idleSince = Math.max(idleSince, Date.now() + restMs);
    });
    underWay.set(work, Date.now());
  };

  let drainTimer: NodeJS.Timeout | undefined;
  stop.addEventListener(
    'abort',
    () => {
      const finishSeconds = Math.max(0, settings.stopSeconds - STOP_RESERVE_SECONDS);
      logger.info('stops', { underWay: underWay.size, finishSeconds });
      wake();
      // Not while a request is open: the request would return to this worker what the worker has just returned.
      const giveUp = (): void => outOfTime.abort();
      drainTimer = setTimeout(() => receiving.then(giveUp, giveUp), finishSeconds * 1_000);
    },
    { once: true },
  );

  try {
    const receive = patientReceive(parts, stop, () => {
      activity.queueAnsweredAt = Date.now();
    });
    while (!leaves()) {
      const free = settings.itemsAtOnce - underWay.size;
      if (free <= 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      const idleLeftMs = idleSince + settings.idleSeconds * 1_000 - Date.now();
      if (underWay.size === 0 && idleLeftMs <= 0) break;
      receiving = receive(Math.min(free, MAX_RECEIVE), pollSeconds(settings.idleSeconds));
      const deliveries = await receiving;
      if (deliveries === 'no answer') {
        // A failed receive does not show that the queue is empty: the worker ends only after the queue has answered
        // again and is empty then.
        idleSince = Math.max(idleSince, Date.now());
        continue;
      }
      if (deliveries.length > 0) idleSince = Math.max(idleSince, Date.now());
      if (leaves()) await giveBackAll(parts, deliveries);
      else for (const delivery of deliveries) begin(delivery);
    }
  } finally {
    await Promise.all(underWay.keys());
    clearTimeout(drainTimer);
    endSigns();
  }
  logger.info('leaves', { reason: reasonToLeave(stop, summary), ...summary });
  return summary;
}

function reasonToLeave(stop: AbortSignal, { outdated }: WorkerSummary): string {
  if (stop.aborted) return 'stopped';
  return outdated > 0 ? 'a newer version is deployed' : 'the queue is empty';
}

/** At most the time that the worker would stay idle, in whole seconds, as SQS requires. */
function pollSeconds(idleSeconds: number): number {
  return Math.min(POLL_SECONDS, Math.ceil(idleSeconds));
}

/**
 * Receives messages, and survives faults of the queue or the network for a while: after a fault it pauses and returns
 * `no answer`.
 */
function patientReceive({ queue, logger }: WorkerParts, stop: AbortSignal, onAnswer: () => void) {
  let silentSince: number | undefined;
  let pauseMs = 500;
  return async (max: number, waitSeconds: number): Promise<Delivery[] | 'no answer'> => {
    try {
      const deliveries = await queue.receive(max, waitSeconds);
      silentSince = undefined;
      pauseMs = 500;
      onAnswer();
      return deliveries;
    } catch (error) {
      logger.warn('receiving failed', { error });
      silentSince ??= Date.now();
      const gone = error instanceof Error && /QueueDoesNotExist|NonExistentQueue/.test(error.name);
      if (gone || Date.now() - silentSince > UNREACHABLE_MS) {
        throw new QueueUnreachableError(
          gone ? 'the queue does not exist' : 'the queue has not answered for 5 minutes',
          {
            cause: error,
          },
        );
      }
      await sleep(pauseMs, undefined, { signal: stop }).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, LONGEST_RECEIVE_PAUSE_MS);
      return 'no answer';
    }
  };
}

async function giveBackAll({ queue, logger }: WorkerParts, deliveries: readonly Delivery[]): Promise<void> {
  const answers = await Promise.allSettled(deliveries.map((delivery) => queue.giveBack(delivery, 0)));
  for (const answer of answers) {
    if (answer.status === 'rejected') logger.warn('a message could not be returned', { error: answer.reason });
  }
}
