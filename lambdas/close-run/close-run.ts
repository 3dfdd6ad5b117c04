import { abortUploads } from '#run/end/abort-uploads.ts';
import { breakClosing, closeRun, type Ending } from '#run/end/closing.ts';
import { allLoaded } from '#run/end/load-outcomes.ts';
import { manifestSchema } from '#run/end/manifest.ts';
import { pieceCount } from '#run/end/pieces.ts';
import { latestRedrive, reopenRun } from '#run/end/reopen.ts';
import { runKeys } from '#run/keys.ts';
import type { EndedExecution } from '#run/ledger/records.ts';
import { type PlanSummary, readPlanSummary } from '#run/plan/plan-summary.ts';
import { messageOfCause, problemOfExecution } from '#run/problem/problem-of-execution.ts';
import { readJson, type Store } from '#run/store.ts';
import { type Execution, planOfExecution } from '../execution.ts';

export interface BrokenExecution extends Execution {
  readonly status: EndedExecution['status'];
  readonly error?: string | null | undefined;
  readonly cause?: string | null | undefined;
}

/** What the next steps of the end need. */
export interface Closed {
  readonly closed: true;
  readonly runId: string;
  /**
   * The number of pieces in which the end is written, and the pieces that get a function of their own: none in a short
   * run.
   */
  readonly of: number;
  readonly pieces: readonly number[];
  /** How many tables of the warehouse have to be loaded. */
  readonly loads: number;
  /** Tables whose load may still be under way, and is to be cancelled: the execution broke or was stopped. */
  readonly loadsToCancel: number;
}

/** There is nothing to close; `why` is for a person. */
export interface NothingToClose {
  readonly closed: false;
  readonly runId: string;
  readonly why: string;
  /** The execution has ended in Plan, so its run has no other end. */
  readonly isUnplanned: boolean;
}

/**
 * Closes the run of an execution whose gate has opened. If the run is closed already, an earlier end of this execution
 * has closed it, and a redrive has undone that end: this execution is running, so it has not ended.
 */
export async function closeInOrder(store: Store, runId: string, ending: Ending): Promise<Closed> {
  const plan = await readPlanSummary(store, runId);
  await reopenRun(store, runId);
  await closeRun(store, runId, ending);
  return piecesOf(plan, { loads: plan.loads.length, loadsToCancel: 0 });
}

/**
 * Closes the run of an execution that was stopped, timed out or broke, so that workers stop processing it, and aborts
 * the uploads that its transfers left open. A run that is closed already does not change.
 */
export async function closeBroken(store: Store, execution: BrokenExecution): Promise<Closed | NothingToClose> {
  const { name: runId, status, redriveCount } = execution;
  const found = await planOfExecution(store, execution);
  if ('none' in found) return nothing(runId, found.none, !found.isAnothers);
  if ((await latestRedrive(store, runId)) > redriveCount) return nothing(runId, `run ${runId} was redriven since`);

  // An earlier end that a redrive has undone, and that no event has reported.
  await reopenRun(store, runId, redriveCount);
  await abortUploads(store, runId);
  const why = [status, execution.error, messageOfCause(execution.cause ?? '')].filter((text) => text).join(': ');
  const ending: Ending = {
    forced: true,
    reason: `the execution ended ${why}`,
    execution: { status, redriveCount },
    problem: problemOfExecution(runId, execution),
  };
  const closing = await closeRun(store, runId, ending);
  // The run was closed in order, and then a load broke: the run has not ended completely.
  if (closing.execution === undefined && !(await allLoaded(store, found.plan, closing))) {
    const manifest = await readJson(store, runKeys(runId).manifest, manifestSchema);
    if (manifest === undefined) await breakClosing(store, closing, ending);
  }
  // The execution was redriven meanwhile, and ReopenRun ran before the run was closed.
  const redriven = await latestRedrive(store, runId);
  if (redriven > redriveCount && (await reopenRun(store, runId, redriven))) {
    return nothing(runId, `run ${runId} was redriven meanwhile`);
  }
  return piecesOf(found.plan, { loads: 0, loadsToCancel: found.plan.loads.length });
}

function nothing(runId: string, why: string, isUnplanned = false): NothingToClose {
  return { closed: false, runId, why, isUnplanned };
}

function piecesOf(plan: PlanSummary, loads: Pick<Closed, 'loads' | 'loadsToCancel'>): Closed {
  const of = pieceCount(plan);
  return {
    closed: true,
    runId: plan.runId,
    of,
    pieces: of === 1 ? [] : Array.from({ length: of }, (_, n) => n),
    ...loads,
  };
}
