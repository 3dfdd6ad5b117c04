import type { GateRecord } from '#run/ledger/gate-record.ts';
import type { PlanSummary } from '#run/plan/plan-summary.ts';

/** What every check can use: the run, and what this look of the gatekeeper has counted already. */
export interface Look {
  readonly plan: PlanSummary;
  /** The last sample in it belongs to this look. */
  readonly record: GateRecord;
}

/** The result of a check. */
export interface Finding {
  readonly ready: boolean;
  /** A clause of the progress that a person reads, such as `3 of 10 objects under exports/`. */
  readonly progress: string;
}

/**
 * One thing that a gate can wait for.
 *
 * If the thing is not ready, the check returns this as its finding. If the check throws, the state machine retries it
 * with a separate number of attempts, and the error never forces the gate.
 */
export type Check = (look: Look) => Promise<Finding>;

/** Calls a Lambda function, by its ARN or by the name of a check in `gate.checks`, and waits for what it answers. */
export type CallFunction = (
  named: string,
  payload: string,
) => Promise<{ readonly failed: boolean; readonly text: string }>;

/** The function or page of a check failed, or gave an invalid answer. */
export class CheckFailedError extends Error {
  override readonly name = 'CheckFailedError';
}
