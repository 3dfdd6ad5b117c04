import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CreateMultipartUploadCommand, ListPartsCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { type Landing, startLanding } from '#test/helpers/landing.ts';
import { sendPart } from '#transfer/s3/send-part.ts';
import type { SendOptions } from '#transfer/s3/transport.ts';

const OPTIONS: Omit<SendOptions, 'agents'> = {
  signal: new AbortController().signal,
  stallSeconds: 5,
  askFirst: false,
};

let landing: Landing;
beforeAll(async () => {
  landing = await startLanding();
});
afterAll(() => landing[Symbol.asyncDispose]());

it.each([
  'plain',
  'with a space and a plus+sign',
  "all (of) these!* 'signs'; = & ? # % ~",
  'percent%20already',
  'ümläut/日本/🦊',
])('the signer of calls signs parts so that the server accepts them, key %j', async (key) => {
  const { client } = landing.s3;
  const { bucket } = landing;
  const created = await client.send(
    new CreateMultipartUploadCommand({
      Bucket: bucket,
      Key: key,
      ChecksumAlgorithm: 'CRC32',
      ChecksumType: 'FULL_OBJECT',
    }),
  );
  const uploadId = created.UploadId ?? '';
  const upload = { bucket, key, uploadId };
  const etags: string[] = [];
  // The first request is the SDK's, the others are made after its pattern.
  for (const number of [1, 2, 3]) {
    etags.push(await sendPart(client, upload, { number, bytes: Buffer.from('hello'), crc: 0x3610a686 }, OPTIONS));
  }
  const { Parts = [] } = await client.send(new ListPartsCommand({ Bucket: bucket, Key: key, UploadId: uploadId }));
  expect(Parts.map(({ ETag }) => ETag)).toEqual(etags);
  expect(Parts.map(({ ChecksumCRC32 }) => ChecksumCRC32)).toEqual(Array(3).fill('NhCmhg=='));
});

it("the signer of calls throws the server's error as the SDK reads it", async () => {
  const { client } = landing.s3;
  const address = { bucket: landing.bucket, key: 'errors', uploadId: '' };
  const created = await client.send(new CreateMultipartUploadCommand({ Bucket: landing.bucket, Key: 'errors' }));
  const part = { number: 1, bytes: Buffer.from('hello'), crc: 0x3610a686 };
  await sendPart(client, { ...address, uploadId: created.UploadId ?? '' }, part, OPTIONS);
  const gone = sendPart(client, { ...address, uploadId: 'no-such' }, part, OPTIONS);
  await expect(gone).rejects.toMatchObject({ name: 'NoSuchUpload', $metadata: { httpStatusCode: 404 } });
});

/** A server that takes everything and keeps what it was asked, but for what a test wants answered otherwise. */
async function startRecorder(
  answer: (request: number) => { status: number; headers: Record<string, string>; body: string } | undefined,
) {
  const seen: { url: string; headers: NodeJS.Dict<string | string[]> }[] = [];
  const server = createServer((request, response) => {
    seen.push({ url: request.url ?? '', headers: request.headers });
    const { status, headers, body } = answer(seen.length) ?? { status: 200, headers: { etag: '"e"' }, body: '' };
    request.resume().on('end', () => response.writeHead(status, headers).end(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clientWith = (config: S3ClientConfig) =>
    new S3Client({ region: 'eu-west-1', endpoint, forcePathStyle: true, ...config });
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { seen, clientWith, [Symbol.asyncDispose]: close };
}

const UPLOAD = { bucket: 'b', key: 'k', uploadId: 'u' };

it('the signer of calls signs each part with the credentials of that moment, session token included', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  await using recorder = await startRecorder(() => undefined);
  let refreshed = 0;
  const client = recorder.clientWith({
    credentials: async () => {
      refreshed += 1;
      return {
        accessKeyId: `key${refreshed}`,
        secretAccessKey: `s${refreshed}`,
        sessionToken: `token${refreshed}`,
        expiration: new Date(Date.now() + 3_600_000),
      };
    },
  });
  for (const number of [1, 2, 3]) {
    await sendPart(client, UPLOAD, { number, bytes: Buffer.from('hello'), crc: 0 }, OPTIONS);
    vi.setSystemTime(Date.now() + 3_600_000);
  }
  const tokens = recorder.seen.map(({ headers }) => headers['x-amz-security-token']);
  expect(tokens).toEqual(['token1', 'token2', 'token3']);
  expect(recorder.seen.map(isOfSdk)).toEqual([true, false, false]);
  for (const { headers } of recorder.seen) {
    const key = String(headers['x-amz-security-token']).replace('token', 'key');
    expect(headers.authorization).toMatch(
      new RegExp(`Credential=${key}/\\d{8}/eu-west-1/s3/aws4_request, SignedHeaders=\\S*x-amz-security-token`),
    );
    expect(headers['x-amz-content-sha256']).toBe('UNSIGNED-PAYLOAD');
    expect(headers.expect).toBeUndefined();
  }
});

/** Only the SDK itself says which of its attempts a request is. */
function isOfSdk({ headers }: { readonly headers: NodeJS.Dict<string | string[]> }): boolean {
  return headers['amz-sdk-request'] !== undefined;
}

it('the signer of calls leaves each request to the SDK if the caller has its own signer', async () => {
  await using recorder = await startRecorder(() => undefined);
  const client = recorder.clientWith({
    credentials: { accessKeyId: 'a', secretAccessKey: 's' },
    signer: {
      sign: async (request) => {
        const { headers } = request as { headers: Record<string, string> };
        const scope = 'Credential=a/20260101/eu-west-1/s3/aws4_request';
        headers.authorization = `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=own`;
        return request;
      },
    },
  });
  for (const number of [1, 2]) await sendPart(client, UPLOAD, { number, bytes: Buffer.from('hello'), crc: 0 }, OPTIONS);
  expect(recorder.seen.map(isOfSdk)).toEqual([true, true]);
  for (const { headers } of recorder.seen) expect(headers.authorization).toContain('Signature=own');
});

it("the signer of calls corrects its clock by the server's, as the SDK does", async () => {
  const ahead = new Date(Date.now() + 3_600_000);
  const skewed = {
    status: 403,
    headers: { date: ahead.toUTCString(), 'content-type': 'application/xml' },
    body: '<Error><Code>RequestTimeTooSkewed</Code><Message>m</Message></Error>',
  };
  await using recorder = await startRecorder((request) => (request === 2 ? skewed : undefined));
  const client = recorder.clientWith({ credentials: { accessKeyId: 'a', secretAccessKey: 's' } });
  const send = (number: number) => sendPart(client, UPLOAD, { number, bytes: Buffer.from('hello'), crc: 0 }, OPTIONS);
  await send(1);
  await expect(send(2)).rejects.toMatchObject({ name: 'RequestTimeTooSkewed' });
  await send(2);
  const date = String(recorder.seen[2]?.headers['x-amz-date']);
  expect(date.slice(0, 11)).toBe(ahead.toISOString().replace(/[-:]/g, '').slice(0, 11));
});

it("the signer of calls keeps headers that the client's own middleware adds", async () => {
  await using recorder = await startRecorder(() => undefined);
  const client = recorder.clientWith({ credentials: { accessKeyId: 'a', secretAccessKey: 's' } });
  client.middlewareStack.add(
    (next) => (args) => {
      (args.request as { headers: Record<string, string> }).headers['x-amz-expected-bucket-owner'] = '111122223333';
      return next(args);
    },
    { step: 'build' },
  );
  for (const number of [1, 2]) await sendPart(client, UPLOAD, { number, bytes: Buffer.from('hello'), crc: 0 }, OPTIONS);
  for (const { url, headers } of recorder.seen) {
    expect(headers['x-amz-expected-bucket-owner']).toBe('111122223333');
    expect(headers.authorization).toContain('x-amz-expected-bucket-owner');
    expect(new URL(url, 'http://s3').searchParams.get('uploadId')).toBe('u');
  }
  const numbers = recorder.seen.map(({ url }) => new URL(url, 'http://s3').searchParams.get('partNumber'));
  expect(numbers).toEqual(['1', '2']);
});

afterEach(() => void vi.useRealTimers());
