import { recordTransferFailure } from '#run/landing.ts';
import { readLargeTransfer } from '#run/large-transfer.ts';
import { abandonTransfer } from '#transfer/index.ts';
import type { Ingest } from '../ingest/ingest.ts';
import { jobOf } from '../ingest/job.ts';

/** What ended a transfer, as the state machine knows it. */
export interface StateError {
  readonly name: string;
  readonly cause: string;
}

/**
 * Gives a large object up: its failure is recorded first, so that whatever happens to the abort the item is settled.
 * An object that was completed all the same stays.
 */
export async function abandonLarge(
  ingest: Ingest,
  runId: string,
  item: string,
  { name, cause }: StateError,
): Promise<void> {
  const transfer = await readLargeTransfer(ingest.store, runId, item);
  if (transfer === undefined) return;
  await recordTransferFailure(ingest.store, runId, transfer.item, {
    name,
    message: messageOf(cause),
  });
  await abandonTransfer(jobOf(ingest, transfer));
}

function messageOf(cause: string): string {
  try {
    const { errorMessage } = JSON.parse(cause) as { errorMessage?: unknown };
    return typeof errorMessage === 'string' ? errorMessage : cause;
  } catch {
    return cause;
  }
}
