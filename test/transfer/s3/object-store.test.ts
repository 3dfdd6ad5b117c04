// @module-tag heavy

import { crc32 } from 'node:zlib';
import { AbortMultipartUploadCommand, UploadPartCommand } from '@aws-sdk/client-s3';
import pMap from 'p-map';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Landing, startLanding } from '#test/helpers/landing.ts';
import { startS3FaultProxy } from '#test/helpers/s3-fault-proxy.ts';
import { crc32ToBase64 } from '#transfer/proof/crc32.ts';
import { ObjectStore } from '#transfer/s3/object-store.ts';

/** A page of ListParts holds 1,000 at most. */
const PARTS = 2_003;

let landing: Landing;
beforeAll(async () => {
  landing = await startLanding();
});
afterAll(() => landing[Symbol.asyncDispose]());

it('the engine reads the parts page by page, and from the middle', async () => {
  await using proxy = await startS3FaultProxy(landing.s3.endpoint);
  const { bucket } = landing;
  const store = new ObjectStore(landing.s3.clientFor(proxy.endpoint), bucket, 'many-parts');
  const { signal } = new AbortController();
  const headers = { metadata: {}, contentType: undefined, contentEncoding: undefined };
  const uploadId = await store.createUpload(headers, signal);
  const upload = { Bucket: bucket, Key: 'many-parts', UploadId: uploadId };
  const bodies = Array.from({ length: PARTS }, (_, index) => Buffer.from(`part ${index + 1}`));
  await pMap(
    bodies,
    (Body, index) => {
      const ChecksumCRC32 = crc32ToBase64(crc32(Body));
      return landing.s3.client.send(new UploadPartCommand({ ...upload, PartNumber: index + 1, Body, ChecksumCRC32 }));
    },
    { concurrency: 16 },
  );

  const listed = await store.listParts(uploadId, 1, PARTS, signal);
  expect(listed.map(({ number }) => number)).toEqual(bodies.map((_, index) => index + 1));
  expect(listed.map(({ bytes, crc }) => [bytes, crc])).toEqual(bodies.map((body) => [body.length, crc32(body)]));
  expect(proxy.operations('ListParts')).toBe(3);

  const middle = await store.listParts(uploadId, 999, 1_002, signal);
  expect(middle.map(({ number }) => number)).toEqual([999, 1_000, 1_001, 1_002]);
  expect(proxy.operations('ListParts')).toBe(4);
  await landing.s3.client.send(new AbortMultipartUploadCommand(upload));
});
