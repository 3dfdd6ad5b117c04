import { setTimeout as sleep } from 'node:timers/promises';
import { ItemTimeoutError } from './reasons.ts';

/**
 * The runtime no longer waits for work that continues for this long after its signal has aborted. An item's process is
 * killed earlier.
 */
const LEFT_BEHIND_MS = 30_000;

/**
 * Does one item's work within its time limit.
 *
 * @param work receives a signal that aborts at the limit too, and a function to report its progress as text. The error
 * for the limit repeats the last text.
 * @throws what the work throws; the signal's reason if the work continues for 30 s after the abort.
 */
export async function withinLimit<T>(
  limit: { readonly name: string; readonly minutes: number },
  signal: AbortSignal,
  work: (signal: AbortSignal, onProgress: (text: string) => void) => Promise<T>,
): Promise<T> {
  let reached = '';
  const over = new AbortController();
  const timer = setTimeout(() => {
    const last = reached === '' ? '' : `, with the progress ${reached}`;
    over.abort(
      new ItemTimeoutError(`${limit.name} took longer than ${limit.minutes} minutes (workers.itemMinutes)${last}`),
    );
  }, limit.minutes * 60_000);
  const both = AbortSignal.any([signal, over.signal]);
  const settled = new AbortController();
  const leftBehind = new Promise<never>((_, reject) => {
    const wait = () =>
      sleep(LEFT_BEHIND_MS, undefined, { signal: settled.signal }).then(
        () => reject(both.reason),
        () => undefined,
      );
    if (both.aborted) void wait();
    else both.addEventListener('abort', wait, { signal: settled.signal });
  });
  try {
    return await Promise.race([
      work(both, (text) => {
        reached = text;
      }),
      leftBehind,
    ]);
  } finally {
    clearTimeout(timer);
    settled.abort();
  }
}
