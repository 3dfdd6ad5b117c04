import { recordRedrive, reopenRun } from '#run/end/reopen.ts';
import type { Store } from '#run/store.ts';
import { type Execution, planOfExecution } from '../execution.ts';

/** Whether a run was opened, and why not. */
export type Reopened = { readonly reopened: true } | { readonly reopened: false; readonly why: string };

/**
 * Opens the run of an execution again that was redriven, so that it goes on from its own ledger.
 *
 * @returns what came of it, for the log.
 */
export async function reopenRedrivenRun(store: Store, execution: Execution): Promise<Reopened> {
  const found = await planOfExecution(store, execution);
  if ('none' in found) return { reopened: false, why: found.none };
  // First, for CloseRun looks at it after it has closed: whichever of the two is later sees the other.
  await recordRedrive(store, execution.name, execution.redriveCount);
  if (await reopenRun(store, execution.name, execution.redriveCount)) return { reopened: true };
  return { reopened: false, why: 'no end of this execution before the redrive has closed the run' };
}
