import type { Readable } from 'node:stream';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { ListBytes } from './list-bytes.ts';
import { SourceListError } from './list-error.ts';

/** A list that is an object in a bucket. Later passes read the version that the first pass has read. */
export function listInBucket(client: S3Client, bucket: string, key: string): ListBytes {
  let etag: string | undefined;
  return {
    name: `s3://${bucket}/${key}`,
    fileName: key.slice(key.lastIndexOf('/') + 1),
    async read() {
      const answer = await client
        .send(new GetObjectCommand({ Bucket: bucket, Key: key, IfMatch: etag }))
        .catch((cause: unknown) => {
          throw new SourceListError(`can't be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
            cause,
          });
        });
      etag = answer.ETag;
      return answer.Body as Readable;
    },
    async [Symbol.asyncDispose]() {
      // There is nothing to dispose of.
    },
  };
}
