import { setTimeout as sleep } from 'node:timers/promises';
import { ItemTimeoutError } from './reasons.ts';

/** Work that goes on for so long after its signal has aborted is left behind. An item's process is killed before. */
const LEFT_BEHIND_MS = 30_000;

/**
 * Does one item's work within its time limit.
 *
 * @param work gets a signal that aborts at the limit too, and a place to report its progress as text, whose last word the
 * limit's error repeats.
 * @throws what the work throws; the signal's reason where the work goes on for 30 s after it has aborted.
 */
export async function withinLimit<T>(
  limit: { readonly name: string; readonly minutes: number },
  signal: AbortSignal,
  work: (signal: AbortSignal, onProgress: (text: string) => void) => Promise<T>,
): Promise<T> {
  let reached = '';
  const over = new AbortController();
  const timer = setTimeout(() => {
    const last = reached === '' ? '' : `, having reached: ${reached}`;
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
