import { readClosing } from '#run/end/closing.ts';
import { NotReadyError } from '#run/errors.ts';
import { type LoadRecord, readLoadRecord, rowsOf } from '#run/ledger/load-record.ts';
import type { Closing } from '#run/ledger/records.ts';
import { type PlanSummary, readPlanSummary } from '#run/plan/plan-summary.ts';
import { LoadFailedError } from '#warehouse/errors.ts';
import { advanceLoad, cancelLoad, type LoadContext, type TableLoad, type ToLoad } from '#warehouse/load-table.ts';
import { redshiftCheck } from '../gatekeeper/checks/redshift.ts';
import { readToLoad } from './to-load.ts';

/** Time was up before all tables were loaded, and the loads under way were cancelled. A redrive loads the rest. */
export class LoadCancelledError extends Error {
  override readonly name = 'LoadCancelledError';
}

/**
 * The run is open, or still closed as its execution left it when it was stopped: the execution was redriven. The state
 * machine closes the run again, and comes back. This function must not: it may be a call of the execution that was
 * stopped.
 */
export class RunReopenedError extends Error {
  override readonly name = 'RunReopenedError';
}

const TIME_WAS_UP = 'time was up';
const ENDED = 'the execution had ended';

/** All tables of the run are loaded. */
export interface Loaded {
  readonly tables: number;
  readonly objects: number;
  /** Null if the warehouse could not be asked. */
  readonly rows: number | null;
}

/**
 * Advances the loads of a closed run: begins as many as the settings allow at once, and checks those under way. After a
 * load has failed, no other load begins, and those under way may end.
 *
 * @param isForced time is up: loads under way are cancelled.
 * @throws NotReadyError with the progress as its message; LoadFailedError, which names each failed load;
 * LoadCancelledError; RunReopenedError if the run has to be closed again first.
 */
export async function loadRun(context: LoadContext, runId: string, isForced: boolean): Promise<Loaded> {
  const plan = await readPlanSummary(context.store, runId);
  const closing = await readClosing(context.store, runId);
  if (closing === undefined || closing.execution !== undefined) {
    throw new RunReopenedError(
      `run ${runId} is not closed in order: its execution was stopped during a load, and redriven`,
    );
  }
  const records = isForced
    ? await cancelAll(context, plan, closing, TIME_WAS_UP)
    : await advanceAll(context, plan, closing);

  const failed = records.filter(({ state }) => state === 'failed');
  const { ready, progress } = redshiftCheck(records, plan.loads.length);
  const isUnderWay = records.some(({ state }) => state === 'loading');
  if (!ready && !isForced && (isUnderWay || failed.length === 0)) throw new NotReadyError(progress);
  if (failed.length > 0) throw new LoadFailedError(failed.map(({ error }) => error?.message ?? '').join('\n'));
  if (!ready) throw new LoadCancelledError(`time was up, and the loads under way were cancelled: ${progress}`);
  const rows = records.map(rowsOf);
  return {
    tables: records.length,
    objects: records.reduce((sum, { objects }) => sum + objects, 0),
    rows: rows.reduce((sum, some) => (sum === null || some === null ? null : sum + some), 0),
  };
}

/** @returns the records of the loads that have begun. */
async function advanceAll(context: LoadContext, plan: PlanSummary, closing: Closing): Promise<LoadRecord[]> {
  let reading: Promise<Map<string, ToLoad>> | undefined;
  const toLoad = async (table: string): Promise<ToLoad> => {
    reading ??= readToLoad(context.store, plan, closing);
    return (await reading).get(table) ?? { objects: [], heldBack: 0, parquet: undefined };
  };
  // Step Functions doesn't end a function whose execution was stopped.
  const hasEnded = async () => (await readClosing(context.store, plan.runId))?.execution !== undefined;
  const records: LoadRecord[] = [];
  for (const table of tablesOf(plan, closing)) {
    const known = await readLoadRecord(context.store, plan.runId, table.index);
    const hasBegun = known?.closedAt === closing.at;
    const underWay = records.filter(({ state }) => state === 'loading').length;
    const mayBegin = underWay < context.warehouse.tablesAtOnce && !records.some(({ state }) => state === 'failed');
    if (hasBegun || mayBegin) {
      const loading = { toLoad: () => toLoad(table.load.table), hasEnded };
      records.push(await advanceLoad(context, table, loading));
    }
  }
  return records;
}

/** @returns the records of the loads that have begun. */
async function cancelAll(
  context: LoadContext,
  plan: PlanSummary,
  closing: Closing,
  why: string,
): Promise<LoadRecord[]> {
  const records: LoadRecord[] = [];
  for (const table of tablesOf(plan, closing)) {
    const record = await cancelLoad(context, table, why);
    if (record !== undefined) records.push(record);
  }
  return records;
}

/**
 * Cancels what the execution of a run has left under way in the warehouse, when it broke or was stopped.
 *
 * @returns the tables whose loads are cancelled. None if the run was redriven meanwhile: its loads go on.
 */
export async function cancelLoads(context: LoadContext, runId: string): Promise<string[]> {
  const plan = await readPlanSummary(context.store, runId);
  const closing = await readClosing(context.store, runId);
  if (closing?.execution === undefined) return [];
  const records = await cancelAll(context, plan, closing, ENDED);
  return records.filter(({ state }) => state === 'cancelled').map(({ table }) => table);
}

function tablesOf({ runId, loads }: PlanSummary, { at: closedAt }: Closing): TableLoad[] {
  return loads.map((load, index) => ({ runId, index, load, closedAt }));
}
