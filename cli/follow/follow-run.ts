import type { S3Client } from '@aws-sdk/client-s3';
import type { SFNClient } from '@aws-sdk/client-sfn';
import { runKeys } from '#run/keys.ts';
import { listKeys, type Store } from '#run/store.ts';
import type { PlannedRun, RunEvent } from './run-events.ts';
import { type LedgerCounts, RunProgress } from './run-progress.ts';
import { watchExecution } from './watch-execution.ts';

/** Beyond so many items the ledger isn't counted while a run is watched: the gatekeeper's word has to do. */
const COUNTED_ITEMS = 5_000;

/** How a watched run ended. `planned` is missing where it ended before or in Plan. */
export interface FollowedRun {
  readonly end: Extract<RunEvent, { kind: 'ended' }>;
  readonly planned?: PlannedRun;
}

/**
 * Watches a run to its end, and tells what happens.
 *
 * @param options.onEvent gets each event of the history once, in order.
 * @param options.onProgress gets the run's progress as one line, each time that it has changed.
 * @throws what Step Functions and S3 answer, and the signal's reason.
 */
export async function followRun(
  clients: { sfn: SFNClient; s3: S3Client },
  executionArn: string,
  options: {
    pollSeconds?: number;
    signal?: AbortSignal;
    onEvent?: (event: RunEvent) => void;
    onProgress?: (line: string) => void;
  },
): Promise<FollowedRun> {
  const { pollSeconds = 2 } = options;
  const progress = new RunProgress();
  let planned: PlannedRun | undefined;
  let shown = '';
  const show = () => {
    const line = String(progress);
    if (line !== shown) options.onProgress?.(line);
    shown = line;
  };
  const counting = new AbortController();
  // Apart from the history, which says nothing while children work.
  const count = async ({ bucket, runId, items }: PlannedRun) => {
    if (items > COUNTED_ITEMS) return;
    while (!counting.signal.aborted) {
      progress.counts = await countLedger({ client: clients.s3, bucket }, runId);
      if (!counting.signal.aborted) show();
      await new Promise((resolve) => setTimeout(resolve, pollSeconds * 1_000).unref());
    }
  };
  try {
    for await (const event of watchExecution(clients.sfn, executionArn, options)) {
      progress.add(event);
      options.onEvent?.(event);
      show();
      if (event.kind === 'planned') {
        planned = event.plan;
        // What can't be counted isn't shown; the run itself is what matters.
        count(planned).catch(() => {});
      }
      if (event.kind === 'ended') return { end: event, ...(planned && { planned }) };
    }
  } finally {
    counting.abort();
  }
  throw new Error(`the history of ${executionArn} ended without an end`);
}

async function countLedger(store: Store, runId: string): Promise<LedgerCounts> {
  const keys = runKeys(runId);
  const [landed, processed, failed] = await Promise.all(
    (['landed', 'results', 'failures'] as const).map(async (ledger) => {
      let records = 0;
      for await (const _ of listKeys(store, keys.ledger(ledger))) records += 1;
      return records;
    }),
  );
  return { landed: landed ?? 0, processed: processed ?? 0, failed: failed ?? 0 };
}
