import { DeleteObjectsCommand, type S3Client } from '@aws-sdk/client-s3';
import pMap from 'p-map';
import { objectSha256 } from '#test/helpers/s3-objects.ts';
import { type FileSpec, sha256Of } from './source-files.ts';

/** An object that a tool has landed, and the file that it should equal. */
export interface LandedFile {
  readonly key: string;
  readonly file: FileSpec;
}

/** The landed object differs from the file of the source. */
export class ObjectDiffersError extends Error {
  override readonly name = 'ObjectDiffersError';
}

const AT_ONCE = 8;
/** S3's own limit. */
const MOST_DELETED_BY_A_CALL = 1_000;

/**
 * Reads objects back and compares each with its file of the source, by SHA-256.
 *
 * @throws ObjectDiffersError with the name of the first that differs.
 */
export async function verifyObjects(client: S3Client, bucket: string, landed: readonly LandedFile[]): Promise<void> {
  await pMap(
    landed,
    async ({ key, file }) => {
      const [found, right] = [await objectSha256(client, bucket, key), sha256Of(file)];
      if (found !== right) throw new ObjectDiffersError(`${key} has the SHA-256 ${found}, the source's is ${right}`);
    },
    { concurrency: AT_ONCE },
  );
}

export async function deleteObjects(client: S3Client, bucket: string, landed: readonly LandedFile[]): Promise<void> {
  for (let from = 0; from < landed.length; from += MOST_DELETED_BY_A_CALL) {
    const Objects = landed.slice(from, from + MOST_DELETED_BY_A_CALL).map(({ key }) => ({ Key: key }));
    await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }));
  }
}
