import { CreateMultipartUploadCommand, ListPartsCommand } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { type Landing, startLanding } from '#test/helpers/landing.ts';
import { learnPattern } from '#transfer/s3/call-signer.ts';
import { signPart } from '#transfer/s3/part-heads.ts';
import { sendPart } from '#transfer/s3/send-part.ts';
import { keyPath, signHeaders } from '#transfer/s3/signature.ts';
import { S3Client } from '#transfer/s3/small/index.ts';

const OPTIONS = { signal: new AbortController().signal, stallSeconds: 60, askFirst: false };
const UPLOAD = { bucket: 'b', key: 'a key/ü+&', uploadId: 'id/+=' };
const PART = { number: 12, bytes: 5, crc: 'NhCmhg==' };
const REGION = 'us-east-1';
const KEYS = { accessKeyId: 'a', secretAccessKey: 's' };

let landing: Landing;
beforeAll(async () => {
  landing = await startLanding();
});
afterAll(() => landing[Symbol.asyncDispose]());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

/** The engine's small client takes the place of the SDK's in the bundles of the functions. */
function small(config: ConstructorParameters<typeof S3Client>[0]) {
  return new S3Client({ region: REGION, ...config }) as never as Parameters<typeof signPart>[0];
}

/** Lets the client learn how parts of the bucket are sent, from a request with these headers. */
async function learn(
  client: ReturnType<typeof small>,
  more: Readonly<Record<string, string>> = {},
  { bucket, key } = UPLOAD,
  { host, hostname, port } = new URL('http://s3'),
): Promise<void> {
  const request = {
    method: 'PUT',
    protocol: 'http:',
    hostname,
    ...(port !== '' && { port: Number(port) }),
    path: `/${bucket}${keyPath(key)}`,
    query: { partNumber: '1', uploadId: 'u', 'x-id': 'UploadPart' },
  };
  const headers = { host, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD', ...more };
  const scope = { region: REGION, service: 's3' };
  const signed = signHeaders(request, headers, await client.config.credentials(), scope, new Date());
  await learnPattern(client, { operation: 'UploadPart', bucket, key }, { ...request, headers: signed });
}

function fieldsOf(head: string | undefined): Record<string, string> {
  const lines = (head ?? '').trim().split('\r\n').slice(1);
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
}

it.each([
  'plain',
  'with a space and a plus+sign',
  "all (of) these!* 'signs'; = & ? # % ~",
  'percent%20already',
  'ümläut/ñandú/日本/🦊',
])('the server accepts parts whose requests come from a template, key %j', async (key) => {
  const { endpoint, credentials } = landing.s3;
  const { bucket } = landing;
  const created = await landing.s3.client.send(
    new CreateMultipartUploadCommand({
      Bucket: bucket,
      Key: key,
      ChecksumAlgorithm: 'CRC32',
      ChecksumType: 'FULL_OBJECT',
    }),
  );
  const upload = { bucket, key, uploadId: created.UploadId ?? '' };
  const client = small({ endpoint, credentials });
  await learn(client, {}, upload, new URL(endpoint));
  const etags: string[] = [];
  for (const number of [1, 2, 3, 10_000]) {
    etags.push(await sendPart(client, upload, { number, bytes: Buffer.from('hello'), crc: 0x3610a686 }, OPTIONS));
  }
  const { Parts = [] } = await landing.s3.client.send(
    new ListPartsCommand({ Bucket: bucket, Key: key, UploadId: upload.uploadId }),
  );
  expect(Parts.map(({ PartNumber }) => PartNumber)).toEqual([1, 2, 3, 10_000]);
  expect(Parts.map(({ ETag }) => ETag)).toEqual(etags);
  expect(Parts.map(({ ChecksumCRC32 }) => ChecksumCRC32)).toEqual(Array(4).fill('NhCmhg=='));
});

it('the template of a part has the same signature as the signer of headers', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-28T23:59:59.900Z') });
  const client = small({ credentials: { ...KEYS, sessionToken: 't' } });
  await learn(client, { 'x-amz-expected-bucket-owner': '111122223333' });
  // The second request is one of the next day.
  for (const number of [1, 9_999]) {
    const { query = {}, path = '', head } = (await signPart(client, UPLOAD, { ...PART, number })) ?? {};
    const { authorization, connection, ...sent } = fieldsOf(head);
    expect(connection).toBe('keep-alive');
    expect(head).toMatch(
      new RegExp(
        `^PUT /b/a%20key/%C3%BC%2B%26\\?partNumber=${number}&uploadId=id%2F%2B%3D&x-id=UploadPart HTTP/1.1\r\n`,
      ),
    );
    expect(sent).toMatchObject({ 'content-length': '5', 'x-amz-checksum-crc32': 'NhCmhg==', host: 's3' });
    const { 'x-amz-date': _, 'x-amz-security-token': __, ...unsigned } = sent;
    const credentials = { ...KEYS, sessionToken: 't' };
    const scope = { region: REGION, service: 's3' };
    const again = signHeaders({ method: 'PUT', path, query }, unsigned, credentials, scope, new Date());
    expect(again).toEqual({ ...sent, authorization });
    vi.setSystemTime(Date.now() + 200);
  }
});

it('the template of a part follows new credentials and a corrected clock', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-28T12:00:00Z') });
  const rotate = (name: string) => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', `key-${name}`);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', name);
    vi.stubEnv('AWS_SESSION_TOKEN', `token-${name}`);
  };
  rotate('one');
  const client = small({});
  await learn(client);
  for (const name of ['one', 'two']) {
    rotate(name);
    const fields = fieldsOf((await signPart(client, UPLOAD, PART))?.head);
    expect(fields['x-amz-security-token']).toBe(`token-${name}`);
    expect(fields.authorization).toContain(`Credential=key-${name}/20261128/`);
  }
  client.config.systemClockOffset = 86_400_000;
  expect(fieldsOf((await signPart(client, UPLOAD, PART))?.head)['x-amz-date']).toBe('20261129T120000Z');
});

it('a part has no template before a first request, and none with a header that has the letters of a template', async () => {
  const client = small({ credentials: KEYS });
  expect(await signPart(client, UPLOAD, PART)).toBeUndefined();
  await learn(client, { 'x-own': 'mañana \xf1' });
  expect(await signPart(client, UPLOAD, PART)).toBeUndefined();
  await learn(client, { 'x-own': 'tomorrow' });
  expect(await signPart(client, UPLOAD, PART)).toBeDefined();
});
