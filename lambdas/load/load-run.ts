import { readClosing } from '#run/end/closing.ts';
import { NotReadyError } from '#run/errors.ts';
import { type LoadRecord, readLoadRecord, rowsOf } from '#run/ledger/load-record.ts';
import type { Closing } from '#run/ledger/records.ts';
import { type PlanSummary, readPlanSummary } from '#run/plan/plan-summary.ts';
import { LoadFailedError } from '#warehouse/errors.ts';
import { advanceLoad, cancelLoad, type LoadContext, type TableLoad, type ToLoad } from '#warehouse/load-table.ts';
import { redshiftCheck } from '../gatekeeper/checks/redshift.ts';
import { readToLoad } from './to-load.ts';

/** Time was up before all tables were loaded, and what was under way was cancelled. A redrive loads the rest. */
export class LoadCancelledError extends Error {
  override readonly name = 'LoadCancelledError';
}

/** All tables of the run are loaded. */
export interface Loaded {
  readonly tables: number;
  readonly objects: number;
  /** Null where the warehouse could not be asked. */
  readonly rows: number | null;
}

/**
 * Takes the loads of a closed run as far as they go: begins as many as the settings allow at once, and looks at those under
 * way. After a load that failed no other is begun, and those under way are waited for.
 *
 * @param isForced time is up: what is under way is cancelled.
 * @throws NotReadyError whose message is the progress; LoadFailedError naming each load that failed; LoadCancelledError.
 */
export async function loadRun(context: LoadContext, runId: string, isForced: boolean): Promise<Loaded> {
  const plan = await readPlanSummary(context.store, runId);
  const closing = await readClosing(context.store, runId);
  if (closing === undefined) throw new Error(`run ${runId} is open: it is loaded when it is closed`);
  const records = isForced ? await cancelAll(context, plan, closing) : await advanceAll(context, plan, closing);

  const failed = records.filter(({ state }) => state === 'failed');
  const { ready, progress } = redshiftCheck(records, plan.loads.length);
  const isUnderWay = records.some(({ state }) => state === 'loading');
  if (!ready && !isForced && (isUnderWay || failed.length === 0)) throw new NotReadyError(progress);
  if (failed.length > 0) throw new LoadFailedError(failed.map(({ error }) => error?.message ?? '').join('\n'));
  if (!ready) throw new LoadCancelledError(`time was up, and what was under way was cancelled: ${progress}`);
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
  const records: LoadRecord[] = [];
  for (const table of tablesOf(plan, closing)) {
    const known = await readLoadRecord(context.store, plan.runId, table.index);
    const hasBegun = known?.closedAt === closing.at;
    const underWay = records.filter(({ state }) => state === 'loading').length;
    const mayBegin = underWay < context.warehouse.tablesAtOnce && !records.some(({ state }) => state === 'failed');
    if (hasBegun || mayBegin) records.push(await advanceLoad(context, table, () => toLoad(table.load.table)));
  }
  return records;
}

async function cancelAll(context: LoadContext, plan: PlanSummary, closing: Closing): Promise<LoadRecord[]> {
  const records: LoadRecord[] = [];
  for (const table of tablesOf(plan, closing)) records.push(await cancelLoad(context, table));
  return records;
}

function tablesOf({ runId, loads }: PlanSummary, { at: closedAt }: Closing): TableLoad[] {
  return loads.map((load, index) => ({ runId, index, load, closedAt }));
}
