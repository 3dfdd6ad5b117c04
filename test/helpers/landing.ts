import { expect } from 'vitest';
import { createBucket, headObject, objectSha256, openUploads } from '#test/helpers/s3-objects.ts';
import { type S3Server, startS3Server } from '#test/helpers/s3-server.ts';
import { contentHashes, contentSha256, type Seed } from '#test/helpers/source-server.ts';
import type { Destination, Landed, Source } from '#transfer/index.ts';

/** Where the engine's tests land things: a bucket of a real S3 server. */
export interface Landing extends AsyncDisposable {
  readonly s3: S3Server;
  readonly bucket: string;
  destination(key: string, more?: Partial<Destination>): Destination;
  /** Asserts that the object is the seed's content, whole, and that no upload is left open. */
  expectLanded(key: string, seed: Seed, length: number, landed?: Landed): Promise<void>;
  /** Asserts that there is no object and no open upload. */
  expectNothing(key: string): Promise<void>;
}

export async function startLanding(): Promise<Landing> {
  const s3 = await startS3Server();
  const bucket = await createBucket(s3.client);
  return {
    s3,
    bucket,
    destination: (key, more = {}) => ({ client: s3.client, bucket, key, ...more }),
    async expectLanded(key, seed, length, landed) {
      expect(await objectSha256(s3.client, bucket, key)).toBe(contentSha256(seed, length));
      expect(await openUploads(s3.client, bucket)).toEqual([]);
      if (landed === undefined) return;
      expect(landed).toMatchObject({ status: 'landed', bytes: length });
      expect(landed.crc32).toBe(contentHashes(seed, length).crc32.toString(16).padStart(8, '0'));
    },
    async expectNothing(key) {
      expect(await headObject(s3.client, bucket, key)).toBeUndefined();
      expect(await openUploads(s3.client, bucket)).toEqual([]);
    },
    [Symbol.asyncDispose]: () => s3.stop(),
  };
}

/** A source with little patience, so that a test of faults ends soon. */
export function hasty(url: string, more: Partial<Source> = {}): Source {
  return {
    url,
    ...more,
    limits: { backoffSeconds: 0.01, idleSeconds: 0.5, headSeconds: 1, attempts: 4, ...more.limits },
  };
}
