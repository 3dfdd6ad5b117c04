import * as z from 'zod';
import { runKeys } from '#run/keys.ts';
import { claimSchema } from '#run/plan/claim.ts';
import { type PlanSummary, planSummarySchema } from '#run/plan/plan-summary.ts';
import { readJson, type Store } from '#run/store.ts';

/** What EventBridge's status changes say of every execution. */
export const executionSchema = z.object({
  executionArn: z.string(),
  name: z.string(),
  /** Milliseconds since 1970. It stays when an execution is redriven. */
  startDate: z.number(),
  /** How often it was redriven. */
  redriveCount: z.int().nonnegative().default(0),
});
export type Execution = z.infer<typeof executionSchema>;

/**
 * The plan of the run that an execution has.
 *
 * @returns undefined where it never got one: its Plan was refused, or the run id is another execution's.
 */
export async function planOfExecution(store: Store, execution: Execution): Promise<PlanSummary | undefined> {
  const keys = runKeys(execution.name);
  const claim = await readJson(store, keys.claim, claimSchema);
  if (claim?.executionArn !== execution.executionArn || Date.parse(claim.startedAt) !== execution.startDate)
    return undefined;
  return readJson(store, keys.summary, planSummarySchema);
}
