import { redactUrl } from '#net/redact.ts';
import type { Destination, Landed, NotInTimeError, Source, TransferOptions } from '#transfer/index.ts';
import type { Credentials } from '../credentials/credentials.ts';
import type { WorkMessage } from '../fleet/message.ts';
import { messageOf } from '../fleet/message-of.ts';
import type { SourceItem } from '../item.ts';
import { runKeys } from '../keys.ts';
import { record } from '../ledger/ledger.ts';
import type { LandedRecord } from '../ledger/records.ts';
import { type Store, writeOnce } from '../store.ts';
import { peakMemoryMiB } from './peak-memory.ts';

/**
 * This module connects a run's items to the transfer engine: it translates items for the engine, and the engine's
 * results for the run. Lambdas and workers use the same functions, so that their records are the same.
 */

/**
 * Translates a planned source for the engine. The engine requests the credentials itself, before each request.
 *
 * @param credentials undefined if the engine reads nothing of the source any more.
 */
export function sourceOf(item: SourceItem, credentials: Credentials | undefined): Source {
  const { url, expect, allowUnprovenEnd } = item;
  const authorize = credentials?.authorizer(item);
  return {
    url,
    headers: plainHeaders(item.headers),
    ...(authorize && { authorize }),
    ...(expect && { expect }),
    ...(allowUnprovenEnd !== undefined && { allowUnprovenEnd }),
  };
}

function plainHeaders(headers: SourceItem['headers']): Record<string, string> {
  const plain = Object.entries(headers ?? {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(plain);
}

/** Returns where a planned source lands: at its key in the deployment's bucket. */
export function destinationOf({ client, bucket }: Store, { key, ifExists }: SourceItem): Destination {
  return { client, bucket, key, ...(ifExists && { ifExists }) };
}

/** Records each upload before its first part is sent, so that the end of a broken run can abort it. */
export function uploadRecorder(
  store: Store,
  runId: string,
  { key }: SourceItem,
): Pick<TransferOptions, 'onUploadCreated'> {
  return {
    onUploadCreated: async (uploadId) => {
      await writeOnce(store, runKeys(runId).upload(uploadId), { v: 1, bucket: store.bucket, key, uploadId });
    },
  };
}

/**
 * Records that an item has landed. Only the first record is kept.
 *
 * @param othersPeakMiB the peak memory of other processes that took part: a large object's slices. The memory of this
 * process is always counted.
 * @returns whether this call wrote the record, and the message for the workers if the item has a processor.
 */
export async function recordLanded(
  store: Store,
  runId: string,
  item: SourceItem,
  landed: Landed,
  othersPeakMiB = 0,
): Promise<{ word: 'written' | 'exists'; message: WorkMessage | undefined }> {
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
    peakMemoryMiB: Math.max(peakMemoryMiB(), othersPeakMiB),
    notes: landed.notes,
  };
  const word = await record(store, 'landed', entry);
  return {
    word,
    message: messageOf(runId, item, { bucket: store.bucket, bytes: landed.bytes, contentType: landed.contentType }),
  };
}

/**
 * Records that a worker lands the item, and how many bytes were read before this was decided. The worker reads them
 * again.
 */
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
