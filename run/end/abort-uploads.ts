import { AbortMultipartUploadCommand } from '@aws-sdk/client-s3';
import pMap from 'p-map';
import { type OpenUpload, recordedUploads } from '../landing/large-transfer.ts';
import { httpStatus, type Store } from '../store.ts';

/**
 * Aborts uploads that a run's transfers have begun. One that was completed, or aborted before, is gone and needs nothing.
 *
 * A part that a dying invocation still has in flight can come in after the abort; the bucket's lifecycle rule removes it.
 *
 * @param which says of each whether it is to be aborted. @default all of them
 */
export async function abortUploads(
  store: Store,
  runId: string,
  which: (upload: OpenUpload) => boolean = () => true,
): Promise<void> {
  await pMap(
    recordedUploads(store, runId),
    async (upload) => {
      if (!which(upload)) return;
      const { bucket, key, uploadId } = upload;
      try {
        await store.client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key: key, UploadId: uploadId }));
      } catch (error) {
        if (httpStatus(error) !== 404) throw error;
      }
    },
    { concurrency: 16 },
  );
}
