import { recordLanded } from '#run/landing/landing.ts';
import { readLargeTransfer, readSliceCalls } from '#run/landing/large-transfer.ts';
import { UploadVanishedError } from '#transfer/index.ts';
import { Dispatcher } from '../ingest/dispatcher.ts';
import type { Ingest } from '../ingest/ingest.ts';
import { resumeLarge } from '../ingest/job.ts';
import type { LateQueue } from '../ingest/late-queue.ts';
import { claimWorkersMinute } from '../ingest/workers-minute.ts';
import { logger } from '../logger.ts';

/**
 * Completes a large object with the proofs of all its slices, records it, and sends it to the workers. A repeated call
 * finds the engine's own object and changes nothing.
 *
 * @throws what the engine's Close throws. The state machine then calls Abandon.
 */
export async function closeLarge(
  ingest: Ingest,
  queue: LateQueue,
  runId: string,
  item: string,
): Promise<{ startWorkers: boolean }> {
  const { store } = ingest;
  const transfer = await readLargeTransfer(store, runId, item);
  if (transfer === undefined) throw new UploadVanishedError(`no transfer of item ${item} of run ${runId} is under way`);
  const calls = await readSliceCalls(store, transfer);
  const landed = await resumeLarge(ingest, transfer).close({
    proofs: calls.flatMap((call) => call.proofs),
    retries: calls.reduce((sum, call) => sum + call.retries, 0),
  });
  const { status, bytes, seconds } = landed;
  logger.info(status, { runId, item, itemName: transfer.item.key, bytes, seconds });
  const slicesPeakMiB = Math.max(0, ...calls.map((call) => call.peakMemoryMiB));
  const { message } = await recordLanded(store, runId, transfer.item, landed, slicesPeakMiB);
  if (message === undefined) return { startWorkers: false };
  const dispatcher = new Dispatcher(store, runId, queue);
  dispatcher.add(message);
  await dispatcher.flush();
  return { startWorkers: await claimWorkersMinute(store, runId) };
}
