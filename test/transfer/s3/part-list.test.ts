import { text } from 'node:stream/consumers';
import { CompleteMultipartUploadCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { startWeb } from '#test/helpers/web.ts';
import { writePartList } from '#transfer/s3/part-list.ts';

it('the engine lists parts with the request that the SDK would send', async () => {
  const bodies: string[] = [];
  const heads: unknown[] = [];
  const web = await startWeb(async (request, response) => {
    const body = await text(request);
    const { 'content-type': type, 'content-length': length } = request.headers;
    bodies.push(body);
    heads.push({ type, right: Number(length) === Buffer.byteLength(body) });
    response.end('<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>');
  });
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new S3Client({ endpoint: web.url, region: 'us-east-1', forcePathStyle: true, credentials });
  const upload = { Bucket: 'bucket', Key: 'key', UploadId: 'upload' };

  const Parts = [
    { PartNumber: 1, ETag: '"5d41402abc4b2a76b9719d911017c592"', ChecksumCRC32: 'NhCmhg==' },
    { PartNumber: 2, ETag: '"a&b<c>d\'e"' },
    { PartNumber: 10_000, ETag: 'bare', ChecksumCRC32: 'AAAAAA==' },
  ];
  await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }));
  const command = new CompleteMultipartUploadCommand(upload);
  writePartList(command, [
    { number: 1, etag: '"5d41402abc4b2a76b9719d911017c592"', crc: 0x3610a686 },
    { number: 2, etag: '"a&b<c>d\'e"', crc: undefined },
    { number: 10_000, etag: 'bare', crc: 0 },
  ]);
  await client.send(command);

  expect(bodies[1]).toBe(bodies[0]);
  expect(heads).toEqual([
    { type: 'application/xml', right: true },
    { type: 'application/xml', right: true },
  ]);
  await web.stop();
});
