import { messageOf } from '#run/dispatch.ts';
import type { SourceItem } from '#run/item.ts';
import { runKeys } from '#run/keys.ts';
import { record } from '#run/ledger.ts';
import type { WorkMessage } from '#run/message.ts';
import type { LandedRecord } from '#run/records.ts';
import { redactUrl } from '#run/redact.ts';
import { type Store, writeOnce } from '#run/store.ts';
import type { Landed, NotInTimeError } from '#transfer/index.ts';

/**
 * Records that an item has landed.
 *
 * @returns the message for the workers, where the item gets a processor.
 */
export async function recordLanded(
  store: Store,
  runId: string,
  item: SourceItem,
  landed: Landed,
): Promise<WorkMessage | undefined> {
  const entry: LandedRecord = {
    v: 1,
    runId,
    item: item.id,
    name: item.key,
    at: new Date().toISOString(),
    status: landed.status,
    bucket: store.bucket,
    key: item.key,
    url: redactUrl(item.url),
    bytes: landed.bytes,
    seconds: landed.seconds,
    parts: landed.parts,
    retries: landed.retries,
    proofs: landed.proofs,
    ...(landed.crc32 !== undefined && { crc32: landed.crc32 }),
    ...(landed.sourceEtag !== undefined && { sourceEtag: landed.sourceEtag }),
    ...(landed.sourceLastModified !== undefined && { sourceLastModified: landed.sourceLastModified }),
    ...(landed.contentType !== undefined && { contentType: landed.contentType }),
    peakMemoryMiB: peakMemoryMiB(),
    notes: landed.notes,
  };
  await record(store, 'landed', entry);
  return messageOf(runId, item, { bucket: store.bucket, bytes: landed.bytes });
}

/** Records that a worker lands the item, and what was read for nothing. */
export async function recordHanded(
  store: Store,
  runId: string,
  item: SourceItem,
  error: NotInTimeError,
): Promise<void> {
  await record(store, 'handed', {
    v: 1,
    runId,
    item: item.id,
    name: item.key,
    at: new Date().toISOString(),
    reason: error.message,
    bytesSpent: error.bytesSpent,
  });
}

/** Records that an item won't land in this run. A second word on it changes nothing. */
export async function recordTransferFailure(
  store: Store,
  runId: string,
  item: SourceItem,
  error: unknown,
): Promise<void> {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  await record(store, 'failures', {
    v: 1,
    runId,
    item: item.id,
    name: item.key,
    at: new Date().toISOString(),
    stage: 'transfer',
    error: { name, message },
    attempts: 1,
  });
}

/**
 * Whether this invocation is the one that looks after the workers: the first of a minute that has handed something on.
 * Each child of Ingest would otherwise ask ECS after each batch.
 */
export async function claimWorkersMinute(store: Store, runId: string): Promise<boolean> {
  const minute = Math.floor(Date.now() / 60_000);
  return (await writeOnce(store, runKeys(runId).workersClaim(minute), { v: 1, runId, minute })) === 'written';
}

/** The process's peak resident memory so far. A warm Lambda keeps the peak of its earlier invocations. */
function peakMemoryMiB(): number {
  return Math.round(process.resourceUsage().maxRSS / 1_024);
}
