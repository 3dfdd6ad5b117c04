import { expect } from 'vitest';
import { createBucket, headObject, objectSha256, openUploads } from '#test/helpers/s3-objects.ts';
import { type S3Server, startS3Server } from '#test/helpers/s3-server.ts';
import { type ContentHashes, contentHashes, type Seed } from '#test/helpers/source-server.ts';
import type { Destination, Landed, Source } from '#transfer/index.ts';

/** Where the engine's tests store objects: a bucket of a real S3 server. */
export interface Landing extends AsyncDisposable {
  readonly s3: S3Server;
  readonly bucket: string;
  destination(key: string, more?: Partial<Destination>): Destination;
  /** Asserts that the object is the seed's content, whole, and that no upload is left open. */
  expectLanded(key: string, seed: Seed, length: number, landed?: Landed): Promise<void>;
  /** Asserts that there is no object and no open upload. */
  expectNothing(key: string): Promise<void>;
}

const known = new Map<string, ContentHashes>();

/** Tables of tests ask for the same content again and again. */
function hashesOf(seed: Seed, length: number): ContentHashes {
  const name = `${seed} ${length}`;
  const hashes = known.get(name) ?? contentHashes(seed, length);
  known.set(name, hashes);
  return hashes;
}

export async function startLanding(): Promise<Landing> {
  const s3 = await startS3Server();
  const bucket = await createBucket(s3.client);
  const uploadsOf = async (key: string) => (await openUploads(s3.client, bucket)).filter(({ Key }) => Key === key);
  return {
    s3,
    bucket,
    destination: (key, more = {}) => ({ client: s3.client, bucket, key, ...more }),
    async expectLanded(key, seed, length, landed) {
      const hashes = hashesOf(seed, length);
      expect(await objectSha256(s3.client, bucket, key)).toBe(hashes.sha256);
      expect(await uploadsOf(key)).toEqual([]);
      if (landed === undefined) return;
      expect(landed).toMatchObject({ status: 'landed', bytes: length });
      expect(landed.crc32).toBe(hashes.crc32.toString(16).padStart(8, '0'));
    },
    async expectNothing(key) {
      expect(await headObject(s3.client, bucket, key)).toBeUndefined();
      expect(await uploadsOf(key)).toEqual([]);
    },
    [Symbol.asyncDispose]: () => s3.stop(),
  };
}

/** A source with short time limits, so that a test of faults ends soon. */
export function hasty(url: string, more: Partial<Source> = {}): Source {
  return {
    url,
    ...more,
    limits: { backoffSeconds: 0.01, idleSeconds: 1.5, headSeconds: 5, attempts: 4, ...more.limits },
  };
}
