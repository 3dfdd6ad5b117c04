import type { Context } from './context.ts';
import type { ObjectStore } from './s3/object-store.ts';
import type { TransferState } from './state.ts';

/** An abort has its own time: what stopped the transfer must not stop its tidying. */
const ABORT_MILLISECONDS = 60_000;

/** Aborts a transfer's upload, whatever has stopped the transfer. */
export async function abandonUpload({ store }: Context, { uploadId }: TransferState): Promise<void> {
  await store.abortUpload(uploadId, AbortSignal.timeout(ABORT_MILLISECONDS));
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
