import { runKeys } from '../keys.ts';
import type { Store } from '../store.ts';
import { record } from './ledger.ts';
import type { FailureRecord } from './records.ts';

/** The code for an error without a code of its own, by the step that failed. */
const FALLBACKS = {
  transfer: 'transfer-failed',
  process: 'processor-failed',
  reconcile: 'ingest-ended',
} as const satisfies Record<FailureRecord['stage'], string>;

/**
 * Records that an item is not tried again in its run. Lambdas and workers record every failure with this function. Only
 * the first record is kept.
 *
 * @param error an error, or the name and message of an error in another process.
 * @param attempts how often the item was tried.
 */
export async function recordFailure(
  store: Store,
  { runId, item, name, stage }: Pick<FailureRecord, 'runId' | 'item' | 'name' | 'stage'>,
  error: unknown,
  attempts: number,
): Promise<void> {
  // The catalogue of problems is 45 KB, and most calls of a function see no failure.
  const { problemOf } = await import('../problem/problem.ts');
  const problem = problemOf(error, {
    fallback: FALLBACKS[stage],
    instance: runKeys(runId).record('failures', item),
    run: runId,
    item,
  });
  await record(store, 'failures', { v: 1, runId, item, name, at: new Date().toISOString(), stage, problem, attempts });
}
