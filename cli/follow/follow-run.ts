import type { S3Client } from '@aws-sdk/client-s3';
import type { SFNClient } from '@aws-sdk/client-sfn';
import type { PlannedRun, RunEvent } from './run-events.ts';
import { type RunLook, RunLooker } from './run-looker.ts';
import { RunProgress } from './run-progress.ts';
import { watchExecution } from './watch-execution.ts';

/** Beyond so many items the records are not looked at while a run is watched: the gatekeeper's word has to do. */
const LOOKED_AT_ITEMS = 5_000;

/** How a watched run ended. `planned` is missing where it ended before or in Plan. */
export interface FollowedRun {
  readonly end: Extract<RunEvent, { kind: 'ended' }>;
  readonly planned?: PlannedRun;
}

/**
 * Watches a run to its end, and tells what happens.
 *
 * @param options.onEvent gets each event of the history once, in order.
 * @param options.onLook gets what the run's records say, again and again.
 * @param options.onProgress gets the run's progress after each event and each look.
 * @throws what Step Functions and S3 answer, and the signal's reason.
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
  // Apart from the history, which says nothing while children work.
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
        // Records that can't be read are not shown; the run itself is what matters.
        keepLooking(planned).catch(() => {});
      }
      if (event.kind === 'ended') return { end: event, ...(planned && { planned }) };
    }
  } finally {
    looking.abort();
  }
  throw new Error(`the history of ${executionArn} ended without an end`);
}
