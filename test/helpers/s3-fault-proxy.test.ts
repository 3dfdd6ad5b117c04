import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type S3FaultRule, s3Errors, startS3FaultProxy } from './s3-fault-proxy.ts';
import { createBucket, headObject, objectSha256, openUploads } from './s3-objects.ts';
import { type S3Server, startS3Server } from './s3-server.ts';
import { contentBytes, contentSha256 } from './source-server.ts';
import { startWeb } from './web.ts';

const PART_BYTES = 5 * 1024 * 1024;
const KEY = 'folder/an object';

let s3: S3Server;
let bucket: string;
beforeAll(async () => {
  s3 = await startS3Server();
  bucket = await createBucket(s3.client);
});
afterAll(() => s3?.stop());

async function proxied(...rules: S3FaultRule[]) {
  const proxy = await startS3FaultProxy(s3.endpoint, { rules });
  return { proxy, client: s3.clientFor(proxy.endpoint, { maxAttempts: 1 }) };
}

async function create(client: S3Client): Promise<string> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: KEY }));
  return UploadId ?? '';
}

function uploadPart(client: S3Client, uploadId: string, partNumber: number) {
  const body = contentBytes('proxy', (partNumber - 1) * PART_BYTES, PART_BYTES);
  const part = { Bucket: bucket, Key: KEY, UploadId: uploadId, PartNumber: partNumber, Body: body };
  return client.send(new UploadPartCommand(part));
}

async function complete(client: S3Client, uploadId: string, etags: (string | undefined)[]) {
  const parts = etags.map((etag, index) => ({ PartNumber: index + 1, ETag: etag }));
  const input = { Bucket: bucket, Key: KEY, UploadId: uploadId, MultipartUpload: { Parts: parts } };
  return client.send(new CompleteMultipartUploadCommand(input));
}

describe('the S3 fault proxy', () => {
  it('the S3 fault proxy passes signed requests on and counts the requests for each part', async () => {
    const { proxy, client } = await proxied();
    await using _ = proxy;
    const uploadId = await create(client);
    const first = await uploadPart(client, uploadId, 1);
    await uploadPart(client, uploadId, 1);
    const second = await uploadPart(client, uploadId, 2);
    expect(await openUploads(client, bucket)).toHaveLength(1);
    await complete(client, uploadId, [first.ETag, second.ETag]);

    expect(await objectSha256(client, bucket, KEY)).toBe(contentSha256('proxy', 2 * PART_BYTES));
    expect(await openUploads(s3.client, bucket)).toEqual([]);
    expect(proxy.operations('UploadPart')).toBe(3);
    expect(proxy.parts.map(({ partNumber, requests, stored }) => [partNumber, requests, stored])).toEqual([
      [1, 2, 2],
      [2, 1, 1],
    ]);
    expect(proxy.partsStoredAgain.map(({ partNumber }) => partNumber)).toEqual([1]);
    expect(proxy.parts[1]?.bytes).toBeGreaterThanOrEqual(PART_BYTES);
  });

  it('the S3 fault proxy answers S3 errors for the nth request of an operation, before S3 has received it', async () => {
    const { proxy, client } = await proxied({ when: { operation: 'PutObject', nth: 2 }, fault: s3Errors.slowDown });
    await using _ = proxy;
    const put = (key: string) => client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: 'x' }));
    await put('first');
    await expect(put('second')).rejects.toMatchObject({ name: 'SlowDown', $metadata: { httpStatusCode: 503 } });
    await put('third');
    expect(await headObject(s3.client, bucket, 'first')).toBeDefined();
    expect(await headObject(s3.client, bucket, 'second')).toBeUndefined();
    expect(proxy.happened).toHaveLength(1);
  });

  it('the S3 fault proxy resets a connection before S3 has the part, or after S3 has stored it', async () => {
    const { proxy, client } = await proxied(
      { when: { partNumber: 1 }, fault: { kind: 'reset-before', afterBytes: 1_000_000 } },
      { when: { partNumber: 2 }, fault: { kind: 'lost-answer' } },
    );
    await using _ = proxy;
    const uploadId = await create(s3.client);
    await expect(uploadPart(client, uploadId, 1)).rejects.toMatchObject({
      code: expect.stringMatching(/ECONNRESET|EPIPE/),
    });
    await expect(uploadPart(client, uploadId, 2)).rejects.toMatchObject({
      code: expect.stringMatching(/ECONNRESET|EPIPE/),
    });
    expect(proxy.parts.map(({ stored }) => stored)).toEqual([0, 1]);
  });

  it('the S3 fault proxy sends white space before the answer to Complete, or an error inside a 200', async () => {
    const { proxy, client } = await proxied(
      {
        when: { operation: 'CompleteMultipartUpload', nth: 1 },
        fault: { kind: 'error-in-200', code: 'InternalError' },
      },
      { when: { operation: 'CompleteMultipartUpload', nth: 2 }, fault: { kind: 'white-space', milliseconds: 120 } },
    );
    await using _ = proxy;
    const uploadId = await create(client);
    const { ETag } = await uploadPart(client, uploadId, 1);
    await expect(complete(client, uploadId, [ETag])).rejects.toMatchObject({ name: 'InternalError' });
    expect(await complete(client, uploadId, [ETag])).toMatchObject({ Key: KEY });
    expect(await objectSha256(client, bucket, KEY)).toBe(contentSha256('proxy', PART_BYTES));
  });

  it('the S3 fault proxy changes one bit of a body, and passes on only the bytes that its caller permits', async () => {
    const bodies: Buffer[] = [];
    const web = await startWeb((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('error', () => {});
      request.on('close', () => bodies.push(Buffer.concat(pieces)));
      request.on('end', () => response.end());
    });
    let permitted = Number.POSITIVE_INFINITY;
    const onBodyBytes = (bytes: number) => {
      permitted -= bytes;
      return permitted < 0 ? Promise.reject(new Error('enough')) : undefined;
    };
    await using proxy = await startS3FaultProxy(web.url, { onBodyBytes });
    const body = contentBytes('proxy', 0, 1_000_000);
    const put = () => fetch(`${proxy.endpoint}/bucket/key`, { method: 'PUT', body: new Uint8Array(body) });

    proxy.addRules({ fault: { kind: 'flipped-bit' } });
    await put();
    await vi.waitUntil(() => bodies.length === 1, { timeout: 60_000 });
    const changed = [...body].flatMap((byte, at) => (byte === bodies[0]?.[at] ? [] : [byte ^ (bodies[0]?.[at] ?? 0)]));
    expect([bodies[0]?.length, ...changed]).toEqual([body.length, 1]);

    proxy.clearRules();
    permitted = 500_000;
    await expect(put()).rejects.toThrow();
    await vi.waitUntil(() => bodies.length === 2, { timeout: 60_000 });
    expect(bodies[1]?.length).toBeLessThanOrEqual(500_000);
    await web.stop();
  });
});
