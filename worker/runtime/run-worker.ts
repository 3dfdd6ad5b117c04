import { setTimeout as sleep } from 'node:timers/promises';
import { handleDelivery } from './handle-delivery.ts';
import type { Verdict, WorkerParts } from './parts.ts';
import type { Delivery } from './queue.ts';
import { startSigns } from './signs.ts';

/**
 * How long one request waits for messages. Short, because a worker that is stopped waits for the open request to end:
 * dropping it could lose a message, which SQS has just handed out, for a whole visibility timeout.
 */
const POLL_SECONDS = 5;
/**
 * SQS's own limit for one request. No more is asked for than there are free places, so below ten items at once a request
 * brings fewer: a message that waited here would need a heartbeat, count as received, and go back when the worker stops,
 * while another worker idles. What it would save are requests, 0.3 $ a million items; the two records of an item cost 10 $,
 * and a worker does 105 to 140 tiny items a second with two places, 112 to 150 with ten (bench/worker-rate.ts).
 */
const MAX_RECEIVE = 10;
/** What of the stop timeout is left for processors to react to their signal (10 s) and for the last requests. */
const STOP_RESERVE_SECONDS = 30;
/** A message that rests longer is worth no waiting worker: the gatekeeper starts another then. */
const LONGEST_REST_MS = 120_000;
const LONGEST_RECEIVE_PAUSE_MS = 30_000;
/** A worker that hasn't reached its queue for so long leaves, since a task that can't work only costs. */
const UNREACHABLE_MS = 5 * 60_000;

/** How many deliveries ended in what. */
export type WorkerSummary = Record<Verdict['kind'], number>;

/** The queue didn't answer for 5 minutes, or there is none. */
export class QueueUnreachableError extends Error {
  override readonly name = 'QueueUnreachableError';
}

/**
 * Works until the queue has stayed empty for `idleSeconds`, `stop` aborts, or a message of a newer version comes.
 *
 * On `stop`, nothing new is begun. Work under way may finish until the stop timeout comes near; what is left then is
 * aborted and given back to the queue, where any worker can take it at once.
 *
 * A newer version's message means that a deploy has replaced this worker's version. It finishes what it has and leaves, so
 * that the gatekeeper starts a worker of the newer version in its place.
 *
 * @returns the count of deliveries by what became of them.
 * @throws QueueUnreachableError once everything under way is settled.
 */
export async function runWorker(parts: WorkerParts, stop: AbortSignal): Promise<WorkerSummary> {
  const { settings, logger } = parts;
  const summary: WorkerSummary = noDeliveries();
  /** When each began. */
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
      // A message that rests before its next try is not seen by receive: the worker waits for it, not its successor.
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
      // Not while a request is open: it would bring this very worker what it has just given back.
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
        // It says nothing of the queue: the worker leaves once the queue has answered again, and is empty then.
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

function noDeliveries(): WorkerSummary {
  return { done: 0, late: 0, failed: 0, skipped: 0, refused: 0, returned: 0, retry: 0, outdated: 0 };
}

function reasonToLeave(stop: AbortSignal, { outdated }: WorkerSummary): string {
  if (stop.aborted) return 'stopped';
  return outdated > 0 ? 'a newer version is deployed' : 'the queue is empty';
}

/** No longer than the worker would stay for nothing, in whole seconds, as SQS takes them. */
function pollSeconds(idleSeconds: number): number {
  return Math.min(POLL_SECONDS, Math.ceil(idleSeconds));
}

/** Receives, and outlasts faults of the queue or the network for a while: after one, and a pause, it returns `no answer`. */
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
        throw new QueueUnreachableError(gone ? 'there is no such queue' : 'the queue has not answered for 5 minutes', {
          cause: error,
        });
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
    if (answer.status === 'rejected') logger.warn('a message could not be given back', { error: answer.reason });
  }
}
