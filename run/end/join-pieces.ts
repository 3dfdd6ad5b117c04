import { GetObjectCommand } from '@aws-sdk/client-s3';
import type { Store } from '../store.ts';
import type { WrittenPiece } from './pieces.ts';
import { writeLinesObject } from './write-object.ts';

/**
 * Joins the lines of the pieces into one object, in order.
 *
 * The bytes pass through this function. S3 could copy pieces into parts by itself (UploadPartCopy), but only pieces of
 * at least 5 MiB, and the lines of a million items are some 1.3 GB (docs/waiting.md).
 */
export async function joinPieces(
  store: Store,
  pieces: readonly Pick<WrittenPiece, 'lines' | 'lineBytes'>[],
  key: string,
): Promise<void> {
  const bytes = pieces.reduce((sum, { lineBytes }) => sum + lineBytes, 0);
  await writeLinesObject(store, key, chunksOf(store, pieces), bytes);
}

async function* chunksOf(store: Store, pieces: readonly Pick<WrittenPiece, 'lines'>[]): AsyncGenerator<Uint8Array> {
  for (const { lines } of pieces) {
    const { Body } = await store.client.send(new GetObjectCommand({ Bucket: store.bucket, Key: lines }));
    if (Body !== undefined) yield* Body as AsyncIterable<Uint8Array>;
  }
}
