import * as z from 'zod';

/** The detail of the event that tells of a run that has gone on for longer than `alerts.runHours`. */
export const runIsOldSchema = z.object({
  v: z.literal(1),
  id: z.string(),
  deployment: z.string(),
  runId: z.string(),
  executionArn: z.string(),
  startedAt: z.iso.datetime(),
  /** Since its start. */
  hours: z.number(),
});
export type RunIsOld = z.infer<typeof runIsOldSchema>;
