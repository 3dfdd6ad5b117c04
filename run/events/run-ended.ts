import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import * as z from 'zod';
import { cut } from '#net/short-text.ts';
import { loadOutcomeSchema, type Manifest, manifestSchema, outcomeSchema } from '../end/manifest.ts';
import { runKeys } from '../keys.ts';
import type { PlanSummary } from '../plan/plan-summary.ts';
import { type Problem, problemSchema } from '../problem/problem-schema.ts';
import type { Store } from '../store.ts';
import { EVENT_KINDS } from './event.ts';
import { tellOnce } from './tell-once.ts';

/**
 * The detail of the event that reports the end of a run. An event is sent at least once: a receiver that must not act
 * twice stores `id`.
 *
 * An execution that ended in Plan has no plan: `counts`, `manifest` and `report` are null, and the outcome is `failed`.
 */
export const runEndedSchema = z.object({
  v: z.literal(1),
  /** Identifies one end of one run. A redriven run ends again, with another id. */
  id: z.string(),
  /** The name of the stack. */
  deployment: z.string(),
  runId: z.string(),
  executionArn: z.string(),
  /** The schedule that started the run, and the slot's time. Null if a person started the run. */
  schedule: z.string().nullable(),
  scheduledTime: z.iso.datetime().nullable(),
  rerunOf: z.string().nullable(),
  outcome: outcomeSchema,
  /** Whether the gate opened with items missing, and why; or what ended the execution. */
  forced: z.boolean(),
  reason: z.string().nullable(),
  /** Why the run as a whole did not succeed: a forced gate, a broken execution, or no item done. */
  problem: z.nullable(problemSchema),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  seconds: z.number().nonnegative(),
  counts: manifestSchema.shape.counts.nullable(),
  bytes: z.int().nonnegative(),
  /** The tables of the warehouse. Messages are in the manifest: they might be longer than an event. */
  loads: z.array(
    loadOutcomeSchema.omit({ problem: true }).extend({
      /** Why it isn't loaded: docs/errors.md. */
      code: z.string().nullable(),
    }),
  ),
  /** What the run costs by list prices. Null where it has no manifest, or one of an earlier Sluice. */
  dollars: z.number().nonnegative().nullable(),
  bucket: z.string(),
  /** Keys in the bucket. */
  manifest: z.string().nullable(),
  report: z.string().nullable(),
});
export type RunEnded = z.infer<typeof runEndedSchema>;

/** The deployment that a run belonged to. */
export interface Deployed {
  readonly deployment: string;
  readonly bucket: string;
}

/** Returns the event for a run that has a manifest. */
export function runEnded({ deployment, bucket }: Deployed, plan: PlanSummary, manifest: Manifest): RunEnded {
  const { runId, executionArn, rerunOf, outcome, forced, reason, startedAt, closedAt, counts, bytes, dollars } =
    manifest;
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
    loads: manifest.loads.map(({ problem, ...load }) => ({ ...load, code: problem?.code ?? null })),
    dollars,
    bucket,
    manifest: keys.manifest,
    report: keys.report,
  };
}

/** The end of an execution that has not planned anything. */
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

/** Returns the event for an execution that ended in Plan. */
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
    loads: [],
    dollars: null,
    bucket,
    manifest: null,
    report: null,
  };
}

/**
 * Sends the event, once for each end of a run.
 *
 * @returns whether this call sent it.
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

/** An event can contain 256 KiB, and a reason may quote an error of any length. */
const MOST_CHARACTERS = 2_000;

function short(reason: string | null): string | null {
  return reason && cut(reason, MOST_CHARACTERS);
}

function secondsBetween(startedAt: string, endedAt: string): number {
  return Math.max(0, Date.parse(endedAt) - Date.parse(startedAt)) / 1_000;
}
