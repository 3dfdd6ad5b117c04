import * as z from 'zod';
import { runKeys } from '#run/keys.ts';
import { claimSchema } from '#run/plan/claim.ts';
import { type PlanSummary, planSummarySchema } from '#run/plan/plan-summary.ts';
import { readJson, type Store } from '#run/store.ts';

/** An execution of the state machine, as EventBridge's status changes name it. */
export const executionSchema = z.object({
  executionArn: z.string(),
  name: z.string(),
  /** How often it was redriven. */
  redriveCount: z.int().nonnegative().default(0),
});
export type Execution = z.infer<typeof executionSchema>;

/** The plan of an execution's run, or a sentence on why it has none. */
export type FoundPlan =
  | { readonly plan: PlanSummary }
  | { readonly none: string /** The run id is another execution's. */; readonly isAnothers: boolean };

/**
 * The plan of the run that an execution has. It has none where its Plan was refused, or where the run id is another
 * execution's: that one's run must be left alone.
 *
 * Executions are compared by their ARN, which holds their name. Step Functions gives a name again 90 days after its
 * execution has ended; a run that it finds then has ended with that one.
 */
export async function planOfExecution(store: Store, { name, executionArn }: Execution): Promise<FoundPlan> {
  const keys = runKeys(name);
  const claim = await readJson(store, keys.claim, claimSchema);
  if (claim === undefined) return { none: `no execution has claimed the run id ${name}`, isAnothers: false };
  if (claim.executionArn !== executionArn) {
    return {
      none: `run ${name} belongs to the execution ${claim.executionArn}, not to ${executionArn}`,
      isAnothers: true,
    };
  }
  const plan = await readJson(store, keys.summary, planSummarySchema);
  if (plan !== undefined) return { plan };
  return { none: `run ${name} was never planned: its execution ended in Plan`, isAnothers: false };
}
