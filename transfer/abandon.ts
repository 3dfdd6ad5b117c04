import type { Context } from './context.ts';
import type { ObjectStore } from './s3/object-store.ts';
import type { TransferState } from './state.ts';

/** An abort has its own time limit: what stopped the transfer must not stop its cleanup. */
const ABORT_MILLISECONDS = 60_000;

/** Aborts a transfer's upload, whatever has stopped the transfer. */
export async function abandonUpload({ store }: Context, { uploadId }: TransferState): Promise<void> {
  await store.abortUpload(uploadId, AbortSignal.timeout(ABORT_MILLISECONDS));
}

/** Runs a step of an upload; if it fails, aborts the upload and throws the step's own error. */
export async function abortAfter<T>(store: ObjectStore, uploadId: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    await abortUpload(store, uploadId, error);
    throw error;
  }
}

/** Aborts an upload. If that fails too, the message of the first error also says what was left behind. */
export async function abortUpload(store: ObjectStore, uploadId: string, reason: unknown): Promise<void> {
  try {
    await store.abortUpload(uploadId, AbortSignal.timeout(ABORT_MILLISECONDS));
  } catch (abortError) {
    if (reason instanceof Error) {
      try {
        reason.message += ` (and upload ${uploadId} could not be aborted: ${(abortError as Error).message})`;
      } catch {
        // The message of a DOMException, which an AbortController creates, is read-only.
      }
    }
  }
}
