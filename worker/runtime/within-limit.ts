import type { ProcessorLogger } from '#processors/contract/processor.ts';
import { keepProgress, type ProgressFields } from '#processors/contract/progress.ts';
import { ItemTimeoutError } from './reasons.ts';

/**
 * Does one item's work within its time limit.
 *
 * @param work gets a signal that aborts at the limit too, and a place to report its progress, whose last word the
 * limit's error repeats.
 */
export async function withinLimit<T>(
  limit: { readonly name: string; readonly minutes: number },
  signal: AbortSignal,
  logger: ProcessorLogger,
  work: (signal: AbortSignal, progress: (fields: ProgressFields) => void) => Promise<T>,
): Promise<T> {
  const progress = keepProgress(logger);
  const over = new AbortController();
  const timer = setTimeout(() => {
    const last = progress.last();
    const reached = last === '' ? '' : `, having reached: ${last}`;
    over.abort(
      new ItemTimeoutError(`${limit.name} took longer than ${limit.minutes} minutes (SLUICE_ITEM_MINUTES)${reached}`),
    );
  }, limit.minutes * 60_000);
  try {
    return await work(AbortSignal.any([signal, over.signal]), (fields) => progress.report(fields));
  } finally {
    clearTimeout(timer);
  }
}
