import type { Readable } from 'node:stream';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { contentViews, type Seed } from '#test/helpers/source-server.ts';

/** An object isn't what the source served. */
export class ObjectDiffersError extends Error {
  override readonly name = 'ObjectDiffersError';
}

/**
 * Reads an object and compares it with a seed's content, byte for byte: surer than a hash, and cheaper.
 *
 * @throws ObjectDiffersError naming the first stretch that differs, or the length.
 */
export async function compareObject(
  client: S3Client,
  bucket: string,
  key: string,
  seed: Seed,
  length: number,
): Promise<void> {
  const { Body, ContentLength } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  const body = Body as Readable;
  if (ContentLength !== length) {
    // Nobody reads the body, and nobody shall hear that its connection is closed.
    body.on('error', () => {}).destroy();
    throw new ObjectDiffersError(`${key} has ${ContentLength} bytes instead of ${length}`);
  }
  let offset = 0;
  for await (const piece of body) {
    const bytes = piece as Buffer;
    let at = 0;
    for (const view of contentViews(seed, offset, bytes.length)) {
      if (view.compare(bytes, at, at + view.length) !== 0) {
        throw new ObjectDiffersError(`${key} differs within ${view.length} bytes from ${offset + at}`);
      }
      at += view.length;
    }
    offset += bytes.length;
  }
  if (offset !== length) throw new ObjectDiffersError(`${key} ended after ${offset} of ${length} bytes`);
}
