import { recordRedrive, reopenRun } from '#run/end/reopen.ts';
import type { Store } from '#run/store.ts';
import { type Execution, planOfExecution } from '../execution.ts';

/** Whether a run was opened, and if not, why. */
export type Reopened = { readonly reopened: true } | { readonly reopened: false; readonly why: string };

/**
 * Opens the run of a redriven execution again, so that the execution continues from the run's ledger.
 *
 * @returns the outcome, for the log.
 */
export async function reopenRedrivenRun(store: Store, execution: Execution): Promise<Reopened> {
  const found = await planOfExecution(store, execution);
  if ('none' in found) return { reopened: false, why: found.none };
  // This is recorded first. CloseRun reads it after closing, so the later one of the two always sees the other.
  await recordRedrive(store, execution.name, execution.redriveCount);
  if (await reopenRun(store, execution.name, execution.redriveCount)) return { reopened: true };
  return { reopened: false, why: 'before the redrive, no end of this execution has closed the run' };
}
