import { whenAborted } from './signals.ts';

/** Waits. Rejects with the signal's reason as soon as the signal aborts. */
export function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const leave = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      forget();
      resolve();
    }, timerMilliseconds(milliseconds));
    const forget = whenAborted(signal, leave);
  });
}

/** Node's timers can wait at most 24.8 days; a longer timer would fire at once. */
export function timerMilliseconds(milliseconds: number): number {
  return Math.min(2 ** 31 - 1, milliseconds);
}

/**
 * Returns an exponential backoff. Half of it is random, so that requests that failed together are not repeated
 * together. `attempt` counts from 1.
 */
export function backoffMilliseconds(attempt: number, baseSeconds: number, mostSeconds: number): number {
  const whole = Math.min(mostSeconds, baseSeconds * 2 ** (attempt - 1)) * 1_000;
  return whole / 2 + (Math.random() * whole) / 2;
}
