import * as z from 'zod';

/** The detail of the event that reports a schedule's slot for which no run has started. */
export const notStartedSchema = z.object({
  v: z.literal(1),
  id: z.string(),
  deployment: z.string(),
  schedule: z.string(),
  /** The slot. A `rate(…)` has no fixed times; here it is the time by which a run should have started. */
  scheduledTime: z.iso.datetime(),
});
export type NotStarted = z.infer<typeof notStartedSchema>;
