import * as z from 'zod';
import { manifestSchema, outcomeSchema } from '#run/end/manifest.ts';

/** A run as the page of all runs lists it. */
export const listedRunSchema = z.object({
  runId: z.string(),
  outcome: outcomeSchema,
  /** The schedule that started the run; null if a person started it. */
  schedule: z.string().nullable(),
  startedAt: z.iso.datetime(),
  closedAt: z.iso.datetime(),
  counts: manifestSchema.shape.counts.pick({ items: true, done: true, failed: true, missing: true }),
  bytes: z.int().nonnegative(),
  /** The cost by list prices; null if unknown. */
  dollars: z.number().nonnegative().nullable(),
});
export type ListedRun = z.infer<typeof listedRunSchema>;

/** The part of the page of all runs that its next writer reads. */
export const runsDataSchema = z.object({ v: z.literal(1), runs: z.array(listedRunSchema).readonly() });
