import { abortUploads } from '#run/abort-uploads.ts';
import { claimSchema } from '#run/claim.ts';
import { closeRun } from '#run/close.ts';
import { runKeys } from '#run/keys.ts';
import { planSummarySchema } from '#run/plan-summary.ts';
import { readJson, type Store } from '#run/store.ts';

export interface EndedExecution {
  readonly executionArn: string;
  readonly name: string;
  readonly status: 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  /** Milliseconds since 1970. */
  readonly startDate: number;
  readonly error?: string | null | undefined;
  readonly cause?: string | null | undefined;
}

/**
 * Does for an execution that was stopped, timed out or broke what DoneState does for the others: closes the run, so
 * that workers leave it alone, aborts the uploads that its transfers left open, and writes the manifest.
 *
 * Late and Failed end an execution after DoneState; their runs have a manifest, which stays.
 *
 * @returns false where the execution never got a run: its Plan was refused.
 */
export async function closeEndedRun(store: Store, execution: EndedExecution): Promise<boolean> {
  const keys = runKeys(execution.name);
  const claim = await readJson(store, keys.claim, claimSchema);
  // A refused second execution of a run id must not end the first one's run.
  if (claim?.executionArn !== execution.executionArn || Date.parse(claim.startedAt) !== execution.startDate)
    return false;
  const plan = await readJson(store, keys.summary, planSummarySchema);
  if (plan === undefined) return false;
  await abortUploads(store, execution.name);
  const why = [execution.status, execution.error, execution.cause].filter((text) => text).join(': ');
  await closeRun(store, plan, { forced: true, reason: `the execution ended ${why}`, outcome: 'failed' });
  return true;
}
