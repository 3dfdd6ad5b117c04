import type { SourceItem } from '#run/item.ts';
import { runKeys } from '#run/keys.ts';
import type { LargeTransfer } from '#run/large-transfer.ts';
import { writeOnce } from '#run/store.ts';
import {
  type Destination,
  type Source,
  type TransferJob,
  type TransferOptions,
  transferStateSchema,
} from '#transfer/index.ts';
import type { Ingest } from './ingest.ts';

/** An item of the plan in the engine's words. */
export function sourceOf({ url, headers, expect, allowUnprovenEnd }: SourceItem): Source {
  return {
    url,
    ...(headers && { headers }),
    ...(expect && { expect }),
    ...(allowUnprovenEnd !== undefined && { allowUnprovenEnd }),
  };
}

export function destinationOf({ store }: Ingest, { key, ifExists }: SourceItem): Destination {
  return { client: store.client, bucket: store.bucket, key, ...(ifExists && { ifExists }) };
}

/** The engine's options for one item: the deployment's, and each upload recorded before it holds anything. */
export function optionsOf(ingest: Ingest, runId: string, { key }: SourceItem): TransferOptions {
  const { store, options } = ingest;
  return {
    ...options,
    onUploadCreated: async (uploadId) => {
      await writeOnce(store, runKeys(runId).upload(uploadId), { v: 1, bucket: store.bucket, key, uploadId });
    },
  };
}

/** A large object's transfer, as this process goes on with it. */
export function jobOf(ingest: Ingest, { runId, item, state }: LargeTransfer): TransferJob {
  return {
    state: transferStateSchema.parse(state),
    source: sourceOf(item),
    destination: destinationOf(ingest, item),
    options: optionsOf(ingest, runId, item),
  };
}
