import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBucket, headObject } from '#test/helpers/s3-objects.ts';
import { type S3Server, startS3Server } from '#test/helpers/s3-server.ts';
import { contentBytes } from '#test/helpers/source-server.ts';
import { deleteObjects, ObjectDiffersError, verifyObjects } from '../../../bench/harness/verify-objects.ts';

const BYTES = 2_500_000;
const file = { path: '/object', seed: 'verify', length: BYTES };

let s3: S3Server;
let bucket: string;
beforeAll(async () => {
  s3 = await startS3Server();
  bucket = await createBucket(s3.client);
});
afterAll(() => s3?.stop());

async function verified(change: (bytes: Buffer) => Buffer) {
  const body = change(contentBytes(file.seed, 0, BYTES));
  await s3.client.send(new PutObjectCommand({ Bucket: bucket, Key: 'object', Body: body }));
  return verifyObjects(s3.client, bucket, [{ key: 'object', file }]);
}

describe('comparing an object with its source', () => {
  it('the comparison with the source accepts an object with the same bytes as its source', async () => {
    await expect(verified((bytes) => bytes)).resolves.toBeUndefined();
  });

  it('the comparison with the source refuses an object with one different byte, even the last', async () => {
    for (const at of [0, 1_048_573, BYTES - 1]) {
      const flip = (bytes: Buffer) => {
        bytes[at] = (bytes[at] ?? 0) ^ 1;
        return bytes;
      };
      await expect(verified(flip)).rejects.toThrow(ObjectDiffersError);
    }
  });

  it('the comparison with the source refuses an object with two exchanged ranges, or with another length', async () => {
    const swapped = verified((bytes) => Buffer.concat([bytes.subarray(1_000_000), bytes.subarray(0, 1_000_000)]));
    await expect(swapped).rejects.toThrow(ObjectDiffersError);
    await expect(verified((bytes) => bytes.subarray(1))).rejects.toThrow(ObjectDiffersError);
  });

  it('the comparison with the source fails if there is no object, so that a tool that landed nothing is never counted', async () => {
    await deleteObjects(s3.client, bucket, [{ key: 'object', file }]);
    expect(await headObject(s3.client, bucket, 'object')).toBeUndefined();
    await expect(verifyObjects(s3.client, bucket, [{ key: 'object', file }])).rejects.toThrow();
  });
});
