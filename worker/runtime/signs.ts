import { giveSign, SIGN_EVERY_SECONDS } from '#run/fleet/signs-of-life.ts';
import type { WorkerParts } from './parts.ts';

/** A queue that hasn't answered for so long is none, and a worker with nothing else to do is of no use. */
const QUEUE_SILENCE_MS = 5 * 60_000;
/** After its time limit an item's process is killed, and its outcome is recorded. */
const OVERTIME_MS = 30 * 60_000;

/** What a worker is at, for its signs of life. */
export interface Activity {
  /** When the queue last answered. */
  queueAnsweredAt: number;
  /** When each delivery under way began. */
  readonly underWay: Iterable<number>;
}

/**
 * Whether a worker does what it is for: its queue answers, or it works on an item that is within its time.
 *
 * @param now in milliseconds since 1970, as the times of the activity are.
 */
export function doesSomething({ queueAnsweredAt, underWay }: Activity, itemMinutes: number, now: number): boolean {
  if (now - queueAnsweredAt < QUEUE_SILENCE_MS) return true;
  for (const begun of underWay) if (now - begun < itemMinutes * 60_000 + OVERTIME_MS) return true;
  return false;
}

/**
 * Gives a sign of life now, and once a minute while the worker does something. The gatekeeper stops workers that give none.
 *
 * @returns ends it.
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
