import { recordRedrive, reopenRun } from '#run/end/reopen.ts';
import type { Store } from '#run/store.ts';
import { type CaughtError, messageOfCause } from '../caught-error.ts';

/**
 * The last state of an execution that broke, once its run is closed in order: it fails by the error that broke it. A redrive
 * begins here again; then the run is opened, and the execution goes on where it broke.
 *
 * @param closedAtRedrive how often the execution had been redriven when its run was closed; undefined where it is open.
 * @throws the error that broke it, by its name, unless the execution was redriven since.
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
  // Names that begin so are Step Functions' own, and no function may throw one.
  error.name = name.replace(/^States\./, 'StepFunctions.');
  error.stack = '';
  return error;
}
