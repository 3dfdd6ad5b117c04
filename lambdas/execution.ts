import * as z from 'zod';
import { runKeys } from '#run/keys.ts';
import { claimSchema } from '#run/plan/claim.ts';
import { type PlanSummary, planSummarySchema } from '#run/plan/plan-summary.ts';
import { readJson, type Store } from '#run/store.ts';

/** An execution of the state machine, as in EventBridge's events about status changes. */
export const executionSchema = z.object({
  executionArn: z.string(),
  name: z.string(),
  /** How often the execution was redriven. */
  redriveCount: z.int().nonnegative().default(0),
});
export type Execution = z.infer<typeof executionSchema>;

/** The plan of an execution's run, or the reason why there is none. */
export type FoundPlan =
  | { readonly plan: PlanSummary }
  | { readonly none: string /** The run id belongs to another execution. */; readonly isAnothers: boolean };

/**
 * Returns the plan of an execution's run. There is none if its Plan was refused, or if the run id belongs to another
 * execution. The run of another execution must not be changed.
 *
 * Executions are compared by their ARN, which contains their name. Step Functions allows a name again 90 days after its
 * execution has ended. If such a name has a run already, this run belongs to the earlier execution, and has ended.
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
