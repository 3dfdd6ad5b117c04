import type { EndedExecution } from '#run/ledger/records.ts';
import { type Problem, problemOf } from '#run/problem/problem.ts';
import { messageOfCause } from '../caught-error.ts';

/**
 * Returns what ended an execution that did not reach DoneState: its error, a person who stopped it, or its time limit.
 */
export function problemOfExecution(
  runId: string,
  execution: {
    readonly status: EndedExecution['status'];
    readonly error?: string | null | undefined;
    readonly cause?: string | null | undefined;
  },
): Problem {
  const { status, error, cause } = execution;
  const message = messageOfCause(cause ?? `the execution of run ${runId} ended ${status}`);
  return problemOf({ name: error ?? status, message }, { fallback: 'run-broke', run: runId });
}
