import pMap, { pMapIterable } from 'p-map';
import * as z from '#net/zod.ts';
import { pinsSchema } from '#transfer/state.ts';
import { sourceItemSchema } from '../item.ts';
import { runKeys } from '../keys.ts';
import { listKeys, readJson, type Store, writeJson } from '../store.ts';

/**
 * The number of records that are read at once: a terabyte in slices of 4 GiB has 256, and a run may have as many
 * uploads as items.
 */
const READS_AT_ONCE = 16;

const partProofsSchema = z.lazy(() => z.array(z.object({ number: z.int(), bytes: z.int(), crc32: z.string() })));

const beginnings = {
  /** The number of times that the transfer has begun, from 1. */
  beginning: z.int().check(z.positive()),
  /** The versions of the source that earlier beginnings read, and that changed. */
  earlier: z.lazy(() => z.array(pinsSchema)),
  /** Bytes that earlier beginnings (or all, up to the lost one) have sent, and that are sent again. */
  bytesSpent: z.int().check(z.nonnegative()),
};

/**
 * A large transfer, as the functions that share it pass it on: `transfers/<item>/state.json`. The engine's own state is
 * opaque here; the engine checks it.
 */
export const largeTransferSchema = z.lazy(() =>
  z.object({
    v: z.literal(1),
    runId: z.string(),
    item: sourceItemSchema,
    /** The engine's JSON state of the upload. */
    state: z.looseObject({ uploadId: z.string() }),
    /** The approximate bytes of a slice. Together with the parts in the engine's state, this defines the slices. */
    sliceBytes: z.int().check(z.positive()),
    ...beginnings,
  }),
);
export type LargeTransfer = z.infer<typeof largeTransferSchema>;

/**
 * Replaces the record of a transfer whose upload was abandoned because the transfer has to begin again. Open begins it.
 */
export const lostTransferSchema = z.lazy(() =>
  z.object({
    v: z.literal(1),
    runId: z.string(),
    item: sourceItemSchema,
    state: z.null(),
    ...beginnings,
  }),
);
export type LostTransfer = z.infer<typeof lostTransferSchema>;

/** What one call of Slice sent, and the peak memory of its process. */
export const sliceCallSchema = z.lazy(() =>
  z.object({ proofs: partProofsSchema, retries: z.int(), peakMemoryMiB: z.number() }),
);
export type SliceCall = z.infer<typeof sliceCallSchema>;

/**
 * An upload that may be open. The record is written before the first part is sent, so that the end of a broken run
 * finds the upload.
 */
export const openUploadSchema = z.lazy(() =>
  z.object({
    v: z.literal(1),
    bucket: z.string(),
    key: z.string(),
    uploadId: z.string(),
  }),
);
export type OpenUpload = z.infer<typeof openUploadSchema>;

/** Returns the record of an item's transfer, or undefined if the item was never transferred in slices. */
export function readTransfer(
  store: Store,
  runId: string,
  item: string,
): Promise<LargeTransfer | LostTransfer | undefined> {
  return readJson(store, runKeys(runId).transfer(item), z.union([largeTransferSchema, lostTransferSchema]));
}

/** @returns undefined if no transfer of the item is under way. */
export async function readLargeTransfer(store: Store, runId: string, item: string): Promise<LargeTransfer | undefined> {
  const transfer = await readTransfer(store, runId, item);
  return transfer === undefined || isLost(transfer) ? undefined : transfer;
}

export function isLost(transfer: LargeTransfer | LostTransfer): transfer is LostTransfer {
  return transfer.state === null;
}

export function writeTransfer(store: Store, transfer: LargeTransfer | LostTransfer): Promise<void> {
  return writeJson(store, runKeys(transfer.runId).transfer(transfer.item.id), transfer);
}

/** Returns everything that calls of Slice have reported about a transfer's upload. */
export async function readSliceCalls(store: Store, { runId, item, state }: LargeTransfer): Promise<SliceCall[]> {
  const calls = await pMap(
    listKeys(store, runKeys(runId).sliceCalls(item.id, state.uploadId)),
    (key) => readJson(store, key, sliceCallSchema),
    { concurrency: READS_AT_ONCE },
  );
  return calls.filter((call) => call !== undefined);
}

/** Lists each upload that a run's transfers have begun, whether or not the upload is still open. */
export async function* recordedUploads(store: Store, runId: string): AsyncGenerator<OpenUpload> {
  const uploads = pMapIterable(
    listKeys(store, runKeys(runId).uploads),
    (key) => readJson(store, key, openUploadSchema),
    { concurrency: READS_AT_ONCE },
  );
  for await (const upload of uploads) if (upload !== undefined) yield upload;
}
