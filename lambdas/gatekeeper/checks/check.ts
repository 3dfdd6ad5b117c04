import type { GateRecord } from '#run/ledger/gate-record.ts';
import type { PlanSummary } from '#run/plan/plan-summary.ts';

/** What every check may look at: the run, and what this look of the gatekeeper has counted already. */
export interface Look {
  readonly plan: PlanSummary;
  /** This look's sample is the last one in it. */
  readonly record: GateRecord;
}

/** What a check found. */
export interface Finding {
  readonly ready: boolean;
  /** A clause of the progress that a person reads, such as `3 of 10 objects under exports/`. */
  readonly progress: string;
}

/**
 * One thing that a gate can wait for.
 *
 * Not being ready is a finding. An error is an error: the state machine retries it on a budget of its own, and it never
 * forces the gate.
 */
export type Check = (look: Look) => Promise<Finding>;

/** A check's own side can't be asked, or answers nonsense. */
export class CheckFailedError extends Error {
  override readonly name = 'CheckFailedError';
}
