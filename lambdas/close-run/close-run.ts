import { abortUploads } from '#run/end/abort-uploads.ts';
import { breakClosing, closeRun, type Ending } from '#run/end/closing.ts';
import { allLoaded } from '#run/end/load-outcomes.ts';
import { manifestSchema } from '#run/end/manifest.ts';
import { pieceCount } from '#run/end/pieces.ts';
import { latestRedrive, reopenRun } from '#run/end/reopen.ts';
import { runKeys } from '#run/keys.ts';
import type { EndedExecution } from '#run/ledger/records.ts';
import { type PlanSummary, readPlanSummary } from '#run/plan/plan-summary.ts';
import { readJson, type Store } from '#run/store.ts';
import { messageOfCause } from '../caught-error.ts';
import { type Execution, planOfExecution } from '../execution.ts';
import { problemOfExecution } from './problem-of-execution.ts';

export interface BrokenExecution extends Execution {
  readonly status: EndedExecution['status'];
  readonly error?: string | null | undefined;
  readonly cause?: string | null | undefined;
}

/** What the next steps of the end go on with. */
export interface Closed {
  readonly closed: true;
  readonly runId: string;
  /** How many pieces the end is written in, and those that get a function of their own: none in a short run. */
  readonly of: number;
  readonly pieces: readonly number[];
  /** Tables of the warehouse that are to be loaded now. */
  readonly loads: number;
}

/** There is nothing to close; `why` is for a person. */
export interface NothingToClose {
  readonly closed: false;
  readonly runId: string;
  readonly why: string;
  /** The execution has ended in Plan, so that its run has no other end. */
  readonly isUnplanned: boolean;
}

/**
 * Closes the run of an execution whose gate has opened. What has closed it before was an end of this execution that a
 * redrive undid: an execution that is here has not ended.
 */
export async function closeInOrder(store: Store, runId: string, ending: Ending): Promise<Closed> {
  const plan = await readPlanSummary(store, runId);
  await reopenRun(store, runId);
  await closeRun(store, runId, ending);
  return piecesOf(plan, plan.loads.length);
}

/**
 * Closes the run of an execution that was stopped, timed out or broke, so that workers leave it alone, and aborts the
 * uploads that its transfers left open. A run that is closed stays as it was closed.
 */
export async function closeBroken(store: Store, execution: BrokenExecution): Promise<Closed | NothingToClose> {
  const { name: runId, status, redriveCount } = execution;
  const found = await planOfExecution(store, execution);
  if ('none' in found) return nothing(runId, found.none, !found.isAnothers);
  if (await wasRedriven(store, execution)) return nothing(runId, `run ${runId} was redriven since`);

  // An earlier end, which a redrive undid and nobody has told of.
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
  // Closed in order, and then a load broke: the run has not come to its end.
  if (closing.execution === undefined && !(await allLoaded(store, found.plan, closing))) {
    const manifest = await readJson(store, runKeys(runId).manifest, manifestSchema);
    if (manifest === undefined) await breakClosing(store, closing, ending);
  }
  // It was redriven meanwhile, and ReopenRun came too early to see the run closed.
  const redriven = await latestRedrive(store, runId);
  if (redriven > redriveCount && (await reopenRun(store, runId, redriven))) {
    return nothing(runId, `run ${runId} was redriven meanwhile`);
  }
  return piecesOf(found.plan, 0);
}

function nothing(runId: string, why: string, isUnplanned = false): NothingToClose {
  return { closed: false, runId, why, isUnplanned };
}

async function wasRedriven(store: Store, { name, redriveCount }: Execution): Promise<boolean> {
  return (await latestRedrive(store, name)) > redriveCount;
}

function piecesOf(plan: PlanSummary, loads: number): Closed {
  const of = pieceCount(plan);
  return {
    closed: true,
    runId: plan.runId,
    of,
    pieces: of === 1 ? [] : Array.from({ length: of }, (_, n) => n),
    loads,
  };
}
