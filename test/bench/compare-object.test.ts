import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBucket } from '#test/helpers/s3-objects.ts';
import { type S3Server, startS3Server } from '#test/helpers/s3-server.ts';
import { contentBytes } from '#test/helpers/source-server.ts';
import { compareObject, ObjectDiffersError } from '../../bench/compare-object.ts';

const BYTES = 2_500_000;

let s3: S3Server;
let bucket: string;
beforeAll(async () => {
  s3 = await startS3Server();
  bucket = await createBucket(s3.client);
});
afterAll(() => s3?.stop());

async function compared(change: (bytes: Buffer) => Buffer) {
  const body = change(contentBytes('compare', 0, BYTES));
  await s3.client.send(new PutObjectCommand({ Bucket: bucket, Key: 'object', Body: body }));
  return compareObject(s3.client, bucket, 'object', 'compare', BYTES);
}

describe('comparing an object with its source', () => {
  it('accepts the same bytes', async () => {
    await expect(compared((bytes) => bytes)).resolves.toBeUndefined();
  });

  it('refuses one other byte, the last one too', async () => {
    for (const at of [0, 1_048_573, BYTES - 1]) {
      const flip = (bytes: Buffer) => {
        bytes[at] = (bytes[at] ?? 0) ^ 1;
        return bytes;
      };
      await expect(compared(flip)).rejects.toThrow(ObjectDiffersError);
    }
  });

  it('refuses two stretches that changed places, and another length', async () => {
    const swapped = compared((bytes) => Buffer.concat([bytes.subarray(1_000_000), bytes.subarray(0, 1_000_000)]));
    await expect(swapped).rejects.toThrow(ObjectDiffersError);
    await expect(compared((bytes) => bytes.subarray(1))).rejects.toThrow(`${BYTES - 1} bytes`);
  });
});
