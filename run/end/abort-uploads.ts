import { AbortMultipartUploadCommand } from '@aws-sdk/client-s3';
import pMap from 'p-map';
import { type OpenUpload, recordedUploads } from '../landing/large-transfer.ts';
import { httpStatus, type Store } from '../store.ts';

/**
 * Aborts the uploads that a run's transfers have begun. An upload that was completed or aborted before no longer
 * exists, and is skipped.
 *
 * A part that an ending invocation is still sending may arrive after the abort. The bucket's lifecycle rule removes
 * such a part.
 *
 * @param which returns for each upload whether to abort it. @default all of them
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
