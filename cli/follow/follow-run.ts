import type { S3Client } from '@aws-sdk/client-s3';
import type { SFNClient } from '@aws-sdk/client-sfn';
import type { PlannedRun, RunEvent } from './run-events.ts';
import { type RunLook, RunLooker } from './run-looker.ts';
import { RunProgress } from './run-progress.ts';
import { watchExecution } from './watch-execution.ts';

/**
 * In runs with more items, the records are not read while the run is watched: the gatekeeper's message has to be
 * enough.
 */
const LOOKED_AT_ITEMS = 5_000;

/** How a watched run ended. `planned` is missing if it ended in Plan or before. */
export interface FollowedRun {
  readonly end: Extract<RunEvent, { kind: 'ended' }>;
  readonly planned?: PlannedRun;
}

/**
 * Watches a run to its end, and reports what happens.
 *
 * @param options.onEvent receives each event of the history once, in order.
 * @param options.onLook receives the state of the run's records at intervals.
 * @param options.onProgress receives the run's progress after each event and each look.
 * @throws the errors of Step Functions and S3, and the signal's reason.
 */
export async function followRun(
  clients: { sfn: SFNClient; s3: S3Client },
  executionArn: string,
  options: {
    pollSeconds?: number;
    signal?: AbortSignal;
    onEvent?: (event: RunEvent) => void;
    onLook?: (look: RunLook) => void;
    onProgress?: (progress: RunProgress) => void;
  },
): Promise<FollowedRun> {
  const { pollSeconds = 2 } = options;
  const progress = new RunProgress();
  let planned: PlannedRun | undefined;
  const looking = new AbortController();
  // This runs separately from the history, which contains nothing while children work.
  const keepLooking = async (plan: PlannedRun) => {
    if (plan.items > LOOKED_AT_ITEMS) return;
    const looker = new RunLooker({ client: clients.s3, bucket: plan.bucket }, plan);
    while (!looking.signal.aborted) {
      const look = await looker.look();
      if (looking.signal.aborted) return;
      progress.look = look;
      options.onLook?.(look);
      options.onProgress?.(progress);
      await new Promise((resolve) => setTimeout(resolve, pollSeconds * 1_000).unref());
    }
  };
  try {
    for await (const event of watchExecution(clients.sfn, executionArn, options)) {
      progress.add(event);
      options.onEvent?.(event);
      options.onProgress?.(progress);
      if (event.kind === 'planned') {
        planned = event.plan;
        // Unreadable records are not shown, because watching the run matters more.
        keepLooking(planned).catch(() => {});
      }
      if (event.kind === 'ended') return { end: event, ...(planned && { planned }) };
    }
  } finally {
    looking.abort();
  }
  throw new Error(`the history of ${executionArn} has no event that ends the execution`);
}
