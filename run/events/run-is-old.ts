import * as z from 'zod';

/** The detail of the event that reports a run that has taken longer than `alerts.runHours`. */
export const runIsOldSchema = z.object({
  v: z.literal(1),
  id: z.string(),
  deployment: z.string(),
  runId: z.string(),
  executionArn: z.string(),
  startedAt: z.iso.datetime(),
  /** Hours since the start of the run. */
  hours: z.number(),
});
export type RunIsOld = z.infer<typeof runIsOldSchema>;
