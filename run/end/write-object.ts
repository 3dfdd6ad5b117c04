import { Readable } from 'node:stream';
import { Upload } from '@aws-sdk/lib-storage';
import type { Store } from '../store.ts';

/** S3 accepts at most this many parts, each of at least 5 MiB. */
const MOST_PARTS = 10_000;
const LEAST_PART_BYTES = 5 * 1_048_576;

/**
 * Writes lines of JSON into an object as they come, and holds only a few parts in memory. An existing object is
 * replaced. If the source fails, nothing is written.
 *
 * @param bytes the expected size, if it is known: an object of more than 48 GiB needs larger parts.
 * @throws what the source throws, and what S3 answers.
 */
export async function writeLinesObject(
  store: Store,
  key: string,
  chunks: AsyncIterable<Uint8Array>,
  bytes = 0,
): Promise<void> {
  const upload = new Upload({
    client: store.client,
    params: {
      Bucket: store.bucket,
      Key: key,
      Body: Readable.from(chunks, { objectMode: false }),
      ContentType: 'application/jsonl',
    },
    partSize: Math.max(LEAST_PART_BYTES, Math.ceil(bytes / MOST_PARTS)),
  });
  await upload.done();
}
