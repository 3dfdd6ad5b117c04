import { recordRedrive, reopenRun } from '#run/end/reopen.ts';
import type { Store } from '#run/store.ts';
import { type Execution, planOfExecution } from '../execution.ts';

/**
 * Opens the run of an execution again that was redriven, so that it goes on from its own ledger.
 *
 * @returns whether it was closed. It isn't where DoneState had closed it, or where nobody had yet.
 */
export async function reopenRedrivenRun(store: Store, execution: Execution): Promise<boolean> {
  if ((await planOfExecution(store, execution)) === undefined) return false;
  // First, for CloseRun looks at it after it has closed: whichever of the two is later sees the other.
  await recordRedrive(store, execution.name, execution.redriveCount);
  return reopenRun(store, execution.name, execution.redriveCount);
}
