import pMap from 'p-map';
import { type LoadRecord, readLoadRecord, rowsOf, secondsOf } from '../ledger/load-record.ts';
import type { Closing } from '../ledger/records.ts';
import type { PlanSummary } from '../plan/plan-summary.ts';
import { type Problem, problemOf } from '../problem/problem.ts';
import type { Store } from '../store.ts';
import type { LoadOutcome } from './manifest.ts';
import type { Tally } from './tally.ts';

/**
 * Returns the outcome of each load of a closed run, as far as Sluice knows it.
 *
 * @param notLoaded the number of items that are not done, by table. @default nobody has counted them
 */
export function loadOutcomes(
  store: Store,
  plan: Pick<PlanSummary, 'runId' | 'loads'>,
  closing: Closing,
  notLoaded: Tally['notLoaded'] = {},
): Promise<LoadOutcome[]> {
  return pMap(
    plan.loads,
    async ({ table, mode }, index): Promise<LoadOutcome> => {
      const record = await readLoadRecord(store, plan.runId, index);
      const notDone = notLoaded[table.toLowerCase()] ?? 0;
      return outcomeOf(record?.closedAt === closing.at ? record : undefined, { table, mode, notDone });
    },
    { concurrency: 8 },
  );
}

/** Returns whether every load of a run has succeeded. */
export async function allLoaded(store: Store, plan: PlanSummary, closing: Closing): Promise<boolean> {
  const outcomes = await loadOutcomes(store, plan, closing);
  return outcomes.every(({ state }) => state === 'loaded' || state === 'nothing');
}

function outcomeOf(
  record: LoadRecord | undefined,
  known: Pick<LoadOutcome, 'table' | 'mode' | 'notDone'>,
): LoadOutcome {
  if (record === undefined) {
    return {
      ...known,
      ...{ state: 'not begun', objects: 0, bytes: 0, rows: null, seconds: null, heldBack: 0, problem: null },
    };
  }
  const { state, objects, bytes, heldBack } = record;
  const [rows, seconds, problem] = [rowsOf(record), secondsOf(record), problemOfLoad(record)];
  return { ...known, state, objects, bytes, rows, seconds, heldBack, problem };
}

function problemOfLoad({ runId, state, error }: LoadRecord): Problem | null {
  if (error === null) return null;
  // The load waits for the warehouse, which is not an error.
  const code = state === 'loading' ? ({ code: 'warehouse-busy' } as const) : {};
  return problemOf({ ...error, ...code }, { run: runId });
}
