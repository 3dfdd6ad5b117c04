import { type Problem, problemOf } from './problem.ts';

/**
 * Returns what ended an execution that did not reach DoneState: its error, a person who stopped it, or its time limit.
 */
export function problemOfExecution(
  runId: string,
  execution: {
    readonly status?: string | undefined;
    readonly error?: string | null | undefined;
    readonly cause?: string | null | undefined;
  },
): Problem {
  const { status = 'UNKNOWN', error, cause } = execution;
  const message = messageOfCause(cause ?? `the execution of run ${runId} ended ${status}`);
  return problemOf({ name: error ?? status, message }, { fallback: 'run-broke', run: runId });
}

/** Returns the error's own message. The cause is JSON if a Lambda failed; other causes are text. */
export function messageOfCause(cause: string): string {
  try {
    const { errorMessage } = JSON.parse(cause) as { errorMessage?: unknown };
    return typeof errorMessage === 'string' ? errorMessage : cause;
  } catch {
    return cause;
  }
}
