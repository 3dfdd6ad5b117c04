import type { ServerResponse } from 'node:http';
import { S3Client } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { startWeb } from '#test/helpers/web.ts';
import { ObjectStore } from '#transfer/s3/object-store.ts';

const answers: Record<string, (response: ServerResponse) => void> = {
  'a reset connection': (response) => response.socket?.resetAndDestroy(),
  'a closed connection': (response) => response.socket?.destroy(),
  'a 503': (response) => response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>'),
  'a 500': (response) => response.writeHead(500).end(),
  'an error in a 200': (response) => response.end('<Error><Code>InternalError</Code></Error>'),
};

it.each(Object.keys(answers))(
  'one attempt sends one request if the answer is %s, whatever the SDK would do',
  async (answer) => {
    const web = await startWeb((request, response) => {
      request.resume().once('end', () => answers[answer]?.(response));
    });
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const client = new S3Client({
      endpoint: web.url,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials,
      maxAttempts: 5,
    });
    const store = new ObjectStore(client, 'bucket', 'key');
    const parts = [{ number: 1, bytes: 1, etag: '"etag"', crc: 0 }];
    await expect(
      store.completeOnce('upload', parts, { bytes: 1, crc: 0 }, false, new AbortController().signal),
    ).rejects.toThrow();
    expect(web.requests).toHaveLength(1);
    await web.stop();
  },
);

it.each([201, 202, 204, 206])(
  'a %i with an ETag to a PutObject or a Complete is not an answer of S3',
  async (status) => {
    const web = await startWeb((request, response) => {
      const body =
        request.method === 'POST'
          ? '<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>'
          : '';
      request.resume().once('end', () => response.writeHead(status, { etag: '"e"' }).end(body));
    });
    try {
      const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
      const client = new S3Client({ endpoint: web.url, region: 'us-east-1', forcePathStyle: true, credentials });
      const store = new ObjectStore(client, 'bucket', 'key');
      const { signal } = new AbortController();
      const headers = { metadata: {}, contentType: undefined, contentEncoding: undefined };
      const put = () => store.putOnce({ bytes: Buffer.from('x'), crc: 0, ifAbsent: false, ...headers }, signal);
      const uncertain = (method: string) => ({
        name: 'UncertainAnswer',
        message: `a ${method} was answered by ${status}, so the answer is not from S3`,
      });
      await expect(put()).rejects.toMatchObject(uncertain('PUT'));
      // Now the engine has learnt how this bucket is called, and sends the request itself.
      await expect(put()).rejects.toMatchObject(uncertain('PUT'));
      const parts = [{ number: 1, bytes: 1, etag: '"etag"', crc: 0 }];
      const complete = store.completeOnce('upload', parts, { bytes: 1, crc: 0 }, false, signal);
      await expect(complete).rejects.toMatchObject(uncertain('POST'));
    } finally {
      await web.stop();
    }
  },
);
