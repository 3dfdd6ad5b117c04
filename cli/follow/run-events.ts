import type { HistoryEvent } from '@aws-sdk/client-sfn';
import { messageOfCause } from '#run/problem/problem-of-execution.ts';

/** The events of an execution's history that a watcher is shown. Times are those of the history. */
export type RunEvent =
  | { readonly kind: 'state'; readonly at: Date; readonly state: string }
  | { readonly kind: 'planned'; readonly at: Date; readonly plan: PlannedRun }
  | { readonly kind: 'not-ready'; readonly at: Date; readonly message: string }
  | { readonly kind: 'fault'; readonly at: Date; readonly error: string; readonly message: string }
  | {
      readonly kind: 'ended';
      readonly at: Date;
      readonly status: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';
      readonly error?: string;
      readonly message?: string;
    };

/** What Plan passes to the states after it: enough to find everything that the run writes. */
export interface PlannedRun {
  readonly runId: string;
  readonly bucket: string;
  readonly items: number;
  readonly batches: number;
}

/** The state whose result contains the plan. */
const PLAN_STATE = 'Plan';

/** @returns undefined for an event that is not shown. */
export function toRunEvent(event: HistoryEvent): RunEvent | undefined {
  const at = event.timestamp ?? new Date();
  const failed = event.taskFailedEventDetails ?? event.lambdaFunctionFailedEventDetails;
  if (failed !== undefined) {
    const { error = 'Unknown' } = failed;
    const message = messageOfCause(failed.cause ?? '');
    return error === 'NotReadyError' ? { kind: 'not-ready', at, message } : { kind: 'fault', at, error, message };
  }
  const entered = event.stateEnteredEventDetails?.name;
  if (entered !== undefined) return { kind: 'state', at, state: entered };
  const exited = event.stateExitedEventDetails;
  if (exited?.name === PLAN_STATE) {
    const plan = readPlan(exited.output);
    return plan && { kind: 'planned', at, plan };
  }
  return ending(event, at);
}

const ENDINGS: Readonly<Record<string, Extract<RunEvent, { kind: 'ended' }>['status']>> = {
  ExecutionSucceeded: 'SUCCEEDED',
  ExecutionFailed: 'FAILED',
  ExecutionAborted: 'ABORTED',
  ExecutionTimedOut: 'TIMED_OUT',
};

function ending(event: HistoryEvent, at: Date): RunEvent | undefined {
  const details =
    event.executionFailedEventDetails ?? event.executionAbortedEventDetails ?? event.executionTimedOutEventDetails;
  const status = ENDINGS[event.type ?? ''];
  if (status === undefined) return undefined;
  return {
    kind: 'ended',
    at,
    status,
    ...(details?.error !== undefined && { error: details.error }),
    ...(details?.cause !== undefined && { message: messageOfCause(details.cause) }),
  };
}

function readPlan(output: string | undefined): PlannedRun | undefined {
  if (output === undefined) return undefined;
  const plan = JSON.parse(output) as Partial<PlannedRun>;
  const { runId, bucket, items, batches } = plan;
  if (runId === undefined || bucket === undefined || items === undefined || batches === undefined) return undefined;
  return { runId, bucket, items, batches };
}
