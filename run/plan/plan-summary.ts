import * as z from 'zod';
import { loadSchema } from '../input/load.ts';
import { waitForSchema } from '../input/wait-for.ts';
import { runKeys } from '../keys.ts';
import { readJson, type Store } from '../store.ts';
import { planTimes } from './plan-times.ts';

/** `plan.json`: the results of Plan, for all later steps. */
export const planSummarySchema = z.object({
  runId: z.string(),
  executionArn: z.string(),
  startedAt: z.iso.datetime(),
  /** When the whole plan was written. Plans of an earlier version lack this time. */
  plannedAt: z.iso.datetime().nullable().default(null),
  /** The schedule whose slot this run has; null for a run that a person started. */
  schedule: z.string().nullable().default(null),
  /** The time with which templates were filled. */
  scheduledTime: z.iso.datetime(),
  items: z.int().nonnegative(),
  batches: z.int().nonnegative(),
  /** How many items have an id that begins with each hexadecimal digit. */
  shards: z.record(z.string(), z.int().nonnegative()),
  /** How many items are work, without a source. */
  work: z.int().nonnegative(),
  /** How many items are sent to a worker: all work, and the sources that have a processor. */
  processed: z.int().nonnegative(),
  /** The run whose failed and missing items this run repeats. */
  rerunOf: z.string().nullable(),
  /** The tables of the warehouse that its sources are loaded into, each once. */
  loads: z.array(loadSchema).default([]),
  onLate: z.enum(['partial', 'fail']),
  waitFor: z.array(waitForSchema),
  ...planTimes(),
  /** Whether the input says that the gate opens without waiting. */
  force: z.boolean(),
});
export type PlanSummary = z.infer<typeof planSummarySchema>;

/** That run has no plan. */
export class NoSuchRunError extends Error {
  override readonly name = 'NoSuchRunError';
}

/** @throws NoSuchRunError if the run was never planned, or its records have expired. */
export async function readPlanSummary(store: Store, runId: string): Promise<PlanSummary> {
  const summary = await readJson(store, runKeys(runId).summary, planSummarySchema);
  if (summary === undefined) {
    throw new NoSuchRunError(`run ${runId} has no plan in s3://${store.bucket}/${runKeys(runId).summary}`);
  }
  return summary;
}
