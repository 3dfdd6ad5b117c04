import { contextOfJob, type TransferJob } from './job.ts';
import type { ObjectStore } from './s3/object-store.ts';

/** An abort has its own time: what stopped the transfer must not stop its tidying. */
const ABORT_MILLISECONDS = 60_000;

/**
 * Gives a ranged transfer up: aborts its upload until S3 knows it no more. Harmless where it is gone already, and where
 * it was closed: the object stays.
 *
 * Other processes' slices stop by themselves when they meet NoSuchUpload; a part that one of them has in flight may
 * still come in, so call it again after the longest time that a slice takes.
 *
 * @throws StorageError where S3 keeps failing.
 */
export async function abandonTransfer(job: TransferJob): Promise<void> {
  const { store } = contextOfJob(job);
  await store.abortUpload(job.state.uploadId, AbortSignal.timeout(ABORT_MILLISECONDS));
}

/** Runs a step of an upload; where it fails, aborts the upload and throws the step's own error. */
export async function abortAfter<T>(store: ObjectStore, uploadId: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    await abortUpload(store, uploadId, error);
    throw error;
  }
}

/** Aborts; where that fails too, the message of what went wrong first says what was left behind. */
export async function abortUpload(store: ObjectStore, uploadId: string, reason: unknown): Promise<void> {
  try {
    await store.abortUpload(uploadId, AbortSignal.timeout(ABORT_MILLISECONDS));
  } catch (abortError) {
    if (reason instanceof Error) {
      try {
        reason.message += ` (and upload ${uploadId} could not be aborted: ${(abortError as Error).message})`;
      } catch {
        // The message of a DOMException, which an AbortController makes, can't be written to.
      }
    }
  }
}
