import { runKeys } from '../keys.ts';
import { problemOf } from '../problem/problem.ts';
import type { Store } from '../store.ts';
import { record } from './ledger.ts';
import type { FailureRecord } from './records.ts';

/** What an error that has no code of its own counts as, by what was under way. */
const FALLBACKS = {
  transfer: 'transfer-failed',
  process: 'processor-failed',
  reconcile: 'ingest-ended',
} as const satisfies Record<FailureRecord['stage'], string>;

/**
 * Records that an item is not tried again in its run. Lambdas and workers record every failure by this function. The first word counts.
 *
 * @param error an error, or the name and message of one that another process threw.
 * @param attempts how often the item was tried.
 */
export async function recordFailure(
  store: Store,
  { runId, item, name, stage }: Pick<FailureRecord, 'runId' | 'item' | 'name' | 'stage'>,
  error: unknown,
  attempts: number,
): Promise<void> {
  const problem = problemOf(error, {
    fallback: FALLBACKS[stage],
    instance: runKeys(runId).record('failures', item),
    run: runId,
    item,
  });
  await record(store, 'failures', { v: 1, runId, item, name, at: new Date().toISOString(), stage, problem, attempts });
}
