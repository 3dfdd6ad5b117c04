import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import * as z from 'zod';
import { type Manifest, manifestSchema, outcomeSchema } from '../end/manifest.ts';
import { runKeys } from '../keys.ts';
import type { PlanSummary } from '../plan/plan-summary.ts';
import { type Problem, problemSchema } from '../problem/problem.ts';
import type { Store } from '../store.ts';
import { EVENT_KINDS } from './event.ts';
import { tellOnce } from './tell-once.ts';

/**
 * The detail of the event that tells of a run's end. An event is sent at least once: whoever must not act twice keeps `id`.
 *
 * An execution that ended in Plan has planned nothing: `counts`, `manifest` and `report` are null, and the outcome is `failed`.
 */
export const runEndedSchema = z.object({
  v: z.literal(1),
  /** One end of one run. A redriven run ends again, under another id. */
  id: z.string(),
  /** The name of the stack. */
  deployment: z.string(),
  runId: z.string(),
  executionArn: z.string(),
  /** The schedule that started the run, and the time that it was for. Null where a person started it. */
  schedule: z.string().nullable(),
  scheduledTime: z.iso.datetime().nullable(),
  rerunOf: z.string().nullable(),
  outcome: outcomeSchema,
  /** Whether the gate was passed with items missing, and why; or what ended the execution. */
  forced: z.boolean(),
  reason: z.string().nullable(),
  /** What kept the run as a whole from its order: a forced gate, a broken execution, or that nothing was done. */
  problem: problemSchema.nullable(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  seconds: z.number().nonnegative(),
  counts: manifestSchema.shape.counts.nullable(),
  bytes: z.int().nonnegative(),
  bucket: z.string(),
  /** Keys in the bucket. */
  manifest: z.string().nullable(),
  report: z.string().nullable(),
});
export type RunEnded = z.infer<typeof runEndedSchema>;

/** Where a run was. */
export interface Deployed {
  readonly deployment: string;
  readonly bucket: string;
}

/** The event of a run that has a manifest. */
export function runEnded({ deployment, bucket }: Deployed, plan: PlanSummary, manifest: Manifest): RunEnded {
  const { runId, executionArn, rerunOf, outcome, forced, reason, startedAt, closedAt, counts, bytes } = manifest;
  const keys = runKeys(runId);
  return {
    v: 1,
    id: `${runId}/${closedAt}`,
    deployment,
    runId,
    executionArn,
    schedule: plan.schedule,
    scheduledTime: plan.schedule === null ? null : plan.scheduledTime,
    rerunOf,
    outcome,
    forced,
    reason: short(reason),
    problem: manifest.problem,
    startedAt,
    endedAt: closedAt,
    seconds: secondsBetween(startedAt, closedAt),
    counts,
    bytes,
    bucket,
    manifest: keys.manifest,
    report: keys.report,
  };
}

/** An execution that ended before it had planned anything. */
export interface UnplannedEnd {
  readonly runId: string;
  readonly executionArn: string;
  readonly redriveCount: number;
  readonly schedule: string | null;
  readonly scheduledTime: string | null;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly reason: string;
  readonly problem: Problem;
}

/** The event of an execution that ended in Plan. */
export function unplannedEnded({ deployment, bucket }: Deployed, end: UnplannedEnd): RunEnded {
  const { runId, executionArn, redriveCount, schedule, scheduledTime, startedAt, endedAt, reason, problem } = end;
  return {
    v: 1,
    id: `${runId}/unplanned-${redriveCount}`,
    deployment,
    runId,
    executionArn,
    schedule,
    scheduledTime,
    rerunOf: null,
    outcome: 'failed',
    forced: false,
    reason: short(reason),
    problem,
    startedAt,
    endedAt,
    seconds: secondsBetween(startedAt, endedAt),
    counts: null,
    bytes: 0,
    bucket,
    manifest: null,
    report: null,
  };
}

/**
 * Sends the event, once for each end of a run.
 *
 * @returns whether it was sent now.
 * @throws what {@link tellOnce} throws.
 */
export function tellOfEnd(store: Store, client: EventBridgeClient, event: RunEnded): Promise<boolean> {
  const { runId, id, executionArn, endedAt } = event;
  return tellOnce(store, runKeys(runId).toldOf(id.slice(runId.length + 1)), client, {
    kind: EVENT_KINDS.runEnded,
    at: new Date(endedAt),
    resources: [executionArn],
    detail: event,
  });
}

/** An event holds 256 KiB, and a reason may quote an error of any length. */
const MOST_CHARACTERS = 2_000;

function short(reason: string | null): string | null {
  return reason !== null && reason.length > MOST_CHARACTERS ? `${reason.slice(0, MOST_CHARACTERS - 1)}…` : reason;
}

function secondsBetween(startedAt: string, endedAt: string): number {
  return Math.max(0, Date.parse(endedAt) - Date.parse(startedAt)) / 1_000;
}
