import type { SourceItem } from '#run/item.ts';
import { destinationOf, sourceOf, uploadRecorder } from '#run/landing/landing.ts';
import type { LargeTransfer } from '#run/landing/large-transfer.ts';
import { type TransferJob, type TransferOptions, transferStateSchema } from '#transfer/index.ts';
import type { Ingest } from './ingest.ts';

/** The engine's options for one item: the deployment's, and each upload recorded. */
export function optionsOf({ store, options }: Ingest, runId: string, item: SourceItem): TransferOptions {
  return { ...options, ...uploadRecorder(store, runId, item) };
}

/** A large object's transfer, as this process goes on with it. */
export function jobOf(ingest: Ingest, { runId, item, state }: LargeTransfer): TransferJob {
  return {
    state: transferStateSchema.parse(state),
    source: sourceOf(item, ingest.credentials),
    destination: destinationOf(ingest.store, item),
    options: optionsOf(ingest, runId, item),
  };
}
