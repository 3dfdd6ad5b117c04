import { AbortMultipartUploadCommand } from '@aws-sdk/client-s3';
import pMap from 'p-map';
import { recordedUploads } from '#run/large-transfer.ts';
import { httpStatus, type Store } from '#run/store.ts';

/**
 * Aborts every upload that a run has begun. One that was completed, or aborted before, is gone and needs nothing.
 *
 * A part that a dying invocation still has in flight can come in after the abort; the bucket's lifecycle rule removes it.
 */
export async function abandonAll(store: Store, runId: string): Promise<void> {
  await pMap(
    recordedUploads(store, runId),
    async ({ bucket, key, uploadId }) => {
      try {
        await store.client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId }));
      } catch (error) {
        if (httpStatus(error) !== 404) throw error;
      }
    },
    { concurrency: 16 },
  );
}
