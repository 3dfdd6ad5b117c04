import type { SourceItem } from '#run/item.ts';
import { destinationOf, sourceOf, uploadRecorder } from '#run/landing/landing.ts';
import type { LargeTransfer } from '#run/landing/large-transfer.ts';
import { type RangedTransfer, resumeTransfer, type TransferOptions, transferStateSchema } from '#transfer/index.ts';
import type { Ingest } from './ingest.ts';
import type { SourceIngest } from './source-ingest.ts';

/** Returns the engine's options for one item: those of the deployment, with a recorder for each upload. */
export function optionsOf({ store, options }: Ingest, runId: string, item: SourceItem): TransferOptions {
  return { ...options, ...uploadRecorder(store, runId, item) };
}

/** Resumes a large object's transfer in this process. */
export function resumeLarge(
  ingest: Ingest & Partial<Pick<SourceIngest, 'credentials'>>,
  { runId, item, state }: LargeTransfer,
): RangedTransfer {
  return resumeTransfer(
    transferStateSchema.parse(state),
    sourceOf(item, ingest.credentials),
    destinationOf(ingest.store, item),
    optionsOf(ingest, runId, item),
  );
}
