import { abortUploads } from '#run/end/abort-uploads.ts';
import { closeRun } from '#run/end/close.ts';
import { latestRedrive, reopenRun } from '#run/end/reopen.ts';
import type { EndedExecution } from '#run/ledger/records.ts';
import type { Store } from '#run/store.ts';
import { type Execution, planOfExecution } from '../execution.ts';

export interface BrokenExecution extends Execution {
  readonly status: EndedExecution['status'];
  readonly error?: string | null | undefined;
  readonly cause?: string | null | undefined;
}

/**
 * Does for an execution that was stopped, timed out or broke what DoneState does for the others: closes the run, so
 * that workers leave it alone, aborts the uploads that its transfers left open, and writes the manifest.
 *
 * Late and Failed end an execution after DoneState; their runs have a manifest, which stays.
 *
 * @returns false where there is nothing to close: the execution never got a run, as its Plan was refused, or it was
 *   redriven since.
 */
export async function closeEndedRun(store: Store, execution: BrokenExecution): Promise<boolean> {
  // A refused second execution of a run id must not end the first one's run.
  const plan = await planOfExecution(store, execution);
  if (plan === undefined) return false;
  const { name: runId, status, redriveCount } = execution;
  if ((await latestRedrive(store, runId)) > redriveCount) return false;
  await abortUploads(store, runId);
  const why = [status, execution.error, execution.cause].filter((text) => text).join(': ');
  await closeRun(store, plan, {
    forced: true,
    reason: `the execution ended ${why}`,
    outcome: 'failed',
    execution: { status, redriveCount },
  });
  // It was redriven meanwhile, and ReopenRun came too early to see the run closed.
  const redriven = await latestRedrive(store, runId);
  return redriven <= redriveCount || !(await reopenRun(store, runId, redriven));
}
