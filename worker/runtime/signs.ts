import { giveSign, SIGN_EVERY_SECONDS } from '#run/fleet/signs-of-life.ts';
import type { WorkerParts } from './parts.ts';

/** A queue that hasn't answered for this long counts as lost, and a worker without other work is then useless. */
const QUEUE_SILENCE_MS = 5 * 60_000;
/** Time after an item's limit in which its process is killed and its outcome recorded. */
const OVERTIME_MS = 30 * 60_000;

/** What a worker is doing, for its signs of life. */
export interface Activity {
  /** When the queue last answered. */
  queueAnsweredAt: number;
  /** When each delivery under way began. */
  readonly underWay: Iterable<number>;
}

/**
 * Returns whether a worker works as intended: its queue answers, or it processes an item that is within its time limit.
 *
 * @param now in milliseconds since 1970, like the times of the activity.
 */
export function doesSomething({ queueAnsweredAt, underWay }: Activity, itemMinutes: number, now: number): boolean {
  if (now - queueAnsweredAt < QUEUE_SILENCE_MS) return true;
  for (const begun of underWay) if (now - begun < itemMinutes * 60_000 + OVERTIME_MS) return true;
  return false;
}

/**
 * Gives a sign of life now, and once a minute while the worker works as intended. The gatekeeper stops workers that
 * give no signs.
 *
 * @returns a function that ends the signs.
 */
export function startSigns(
  { store, worker, settings, logger }: Pick<WorkerParts, 'store' | 'worker' | 'settings' | 'logger'>,
  activity: Activity,
): () => void {
  const sign = (): void => {
    if (!doesSomething(activity, settings.itemMinutes, Date.now())) return;
    giveSign(store, worker).catch((error) => logger.warn('a sign of life could not be given', { error }));
  };
  sign();
  const timer = setInterval(sign, SIGN_EVERY_SECONDS * 1_000);
  return () => clearInterval(timer);
}
