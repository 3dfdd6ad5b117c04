import pMap from 'p-map';
import { type LoadRecord, readLoadRecord, rowsOf } from '../ledger/load-record.ts';
import type { Closing } from '../ledger/records.ts';
import type { PlanSummary } from '../plan/plan-summary.ts';
import type { Store } from '../store.ts';
import type { LoadOutcome } from './manifest.ts';

/** Returns the outcome of each load of a closed run, as far as Sluice knows it. */
export function loadOutcomes(store: Store, plan: PlanSummary, closing: Closing): Promise<LoadOutcome[]> {
  return pMap(
    plan.loads,
    async ({ table, mode }, index): Promise<LoadOutcome> => {
      const record = await readLoadRecord(store, plan.runId, index);
      return outcomeOf(record?.closedAt === closing.at ? record : undefined, { table, mode });
    },
    { concurrency: 8 },
  );
}

/** Returns whether every load of a run has succeeded. */
export async function allLoaded(store: Store, plan: PlanSummary, closing: Closing): Promise<boolean> {
  const outcomes = await loadOutcomes(store, plan, closing);
  return outcomes.every(({ state }) => state === 'loaded' || state === 'nothing');
}

function outcomeOf(record: LoadRecord | undefined, { table, mode }: Pick<LoadOutcome, 'table' | 'mode'>): LoadOutcome {
  if (record === undefined) {
    return { table, mode, state: 'not begun', objects: 0, bytes: 0, rows: null, heldBack: 0, error: null };
  }
  const { state, objects, bytes, heldBack, error } = record;
  return { table, mode, state, objects, bytes, rows: rowsOf(record), heldBack, error };
}
