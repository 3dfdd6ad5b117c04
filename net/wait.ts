import { whenAborted } from './signals.ts';

/** Waits, or rejects with the signal's reason as soon as it aborts. */
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

/** Node's timers hold 24.8 days; what is longer goes off at once. */
export function timerMilliseconds(milliseconds: number): number {
  return Math.min(2 ** 31 - 1, milliseconds);
}

/** Exponential backoff, half of it chance, so that what failed together doesn't come again together. `attempt` from 1. */
export function backoffMilliseconds(attempt: number, baseSeconds: number, mostSeconds: number): number {
  const whole = Math.min(mostSeconds, baseSeconds * 2 ** (attempt - 1)) * 1_000;
  return whole / 2 + (Math.random() * whole) / 2;
}
