import { recordRedrive, reopenRun } from '#run/end/reopen.ts';
import { messageOfCause } from '#run/problem/problem-of-execution.ts';
import type { Store } from '#run/store.ts';
import type { CaughtError } from '../caught-error.ts';

/**
 * The last state of an execution that broke. Its run is already closed in order. The state fails with the error that
 * broke the execution. A redrive begins at this state; then the run is opened, and the execution continues where it
 * broke.
 *
 * @param closedAtRedrive how often the execution had been redriven when its run was closed; undefined if the run is
 * open.
 * @throws the error that broke the execution, with its name, unless the execution was redriven since.
 */
export async function endBroken(
  store: Store,
  runId: string,
  error: CaughtError,
  { closedAtRedrive, redriveCount }: { closedAtRedrive: number | undefined; redriveCount: number },
): Promise<void> {
  if (redriveCount === 0 || (closedAtRedrive ?? -1) >= redriveCount) throw errorOf(error);
  await recordRedrive(store, runId, redriveCount);
  await reopenRun(store, runId, redriveCount);
}

function errorOf({ Error: name, Cause = '' }: CaughtError): Error {
  const error = new Error(messageOfCause(Cause));
  // Names with this beginning belong to Step Functions, and no function may throw them.
  error.name = name.replace(/^States\./, 'StepFunctions.');
  error.stack = '';
  return error;
}
