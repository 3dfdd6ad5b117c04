import { createHash } from 'node:crypto';
import * as sdk from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Landing, startLanding } from '#test/helpers/landing.ts';
import { startWeb, type Web } from '#test/helpers/web.ts';
import { type ListedPart, writePartList } from '#transfer/s3/part-list.ts';
import * as small from '#transfer/s3/small/index.ts';
import { placeOf } from '#transfer/s3/small/place.ts';

const KEYS = ['plain', 'a space + & <tag> "quoted"', "all (of) these!* 'signs'; = ? # % ~", 'ümläut/日本/🦊'];
const KEYS_OF_TEST = { accessKeyId: 'test', secretAccessKey: 'test' };

describe('against a server, beside the SDK', () => {
  let landing: Landing;
  let client: small.S3Client;
  let at: { readonly Bucket: string };
  beforeAll(async () => {
    landing = await startLanding();
    const { endpoint, region, credentials } = landing.s3;
    client = new small.S3Client({ endpoint, region, credentials });
    at = { Bucket: landing.bucket };
  });
  afterAll(() => landing[Symbol.asyncDispose]());

  it.each(KEYS)('the small client stores, looks at and reads an object with the key %j', async (name) => {
    const Key = `objects/${name}`;
    const written = { ...at, Key, Body: '{"a":"ü"}', ContentType: 'application/json', Metadata: { Word: 'said' } };
    const { ETag } = (await client.send(new small.PutObjectCommand({ ...written, IfNoneMatch: '*' }))) as {
      ETag: string;
    };
    const there = new small.PutObjectCommand({ ...written, IfNoneMatch: '*' });
    await expect(client.send(there)).rejects.toMatchObject({ $metadata: { httpStatusCode: 412 } });
    await client.send(new small.PutObjectCommand({ ...written, IfMatch: ETag }));

    const look = { ...at, Key, ChecksumMode: 'ENABLED' } as const;
    const theirs = await landing.s3.client.send(new sdk.HeadObjectCommand(look));
    expect(await client.send(new small.HeadObjectCommand(look))).toEqual({
      ContentLength: theirs.ContentLength,
      ContentType: 'application/json',
      ETag,
      ChecksumCRC32: theirs.ChecksumCRC32,
      Metadata: { word: 'said' },
      LastModified: theirs.LastModified,
    });
    const read = (await client.send(new small.GetObjectCommand({ ...at, Key }))) as {
      Body: { transformToString(): Promise<string> };
    };
    expect(await read.Body.transformToString()).toBe(written.Body);
  });

  it('the small client lists keys as the SDK does, page by page', async () => {
    const names = Array.from({ length: 1_003 }, (_, index) => `list/${index} &<ü>`);
    for (let from = 0; from < names.length; from += 50) {
      const some = names.slice(from, from + 50);
      await Promise.all(some.map((Key) => client.send(new small.PutObjectCommand({ ...at, Key, Body: '' }))));
    }
    const keysOf = async (pages: AsyncIterable<{ Contents?: readonly { Key?: string | undefined }[] | undefined }>) => {
      const found: (string | undefined)[][] = [];
      for await (const { Contents = [] } of pages) found.push(Contents.map(({ Key }) => Key));
      return found;
    };
    const input = { ...at, Prefix: 'list/' };
    // The SDK writes its token into the input.
    const bySdk = await keysOf(sdk.paginateListObjectsV2({ client: landing.s3.client }, { ...input }));
    expect(bySdk.length).toBe(2);
    expect(await keysOf(small.paginateListObjectsV2({ client: client as never }, input))).toEqual(bySdk);
  });

  it.each(KEYS)('the small client makes an upload, lists it and aborts it, key %j', async (name) => {
    const Key = `uploads/${name}`;
    const create = { ...at, Key, ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } as const;
    const { UploadId = '' } = (await client.send(new small.CreateMultipartUploadCommand(create))) as {
      UploadId?: string;
    };
    const part = { ...at, Key, UploadId, PartNumber: 1, Body: 'hello', ChecksumAlgorithm: 'CRC32' } as const;
    await landing.s3.client.send(new sdk.UploadPartCommand(part));
    const upload = { ...at, Key, UploadId };
    const { Parts } = await landing.s3.client.send(new sdk.ListPartsCommand(upload));
    expect(await client.send(new small.ListPartsCommand(upload))).toMatchObject({
      Parts: [{ PartNumber: 1, Size: 5, ETag: Parts?.[0]?.ETag, ChecksumCRC32: Parts?.[0]?.ChecksumCRC32 }],
      IsTruncated: false,
    });
    const found = (await client.send(new small.ListMultipartUploadsCommand({ ...at, Prefix: Key }))) as {
      Uploads: { Key: string; UploadId: string; Initiated: Date }[];
    };
    expect(found.Uploads).toMatchObject([{ Key, UploadId }]);
    expect(Math.abs(Date.now() - Number(found.Uploads[0]?.Initiated))).toBeLessThan(600_000);
    await client.send(new small.AbortMultipartUploadCommand(upload));
    const gone = client.send(new small.ListPartsCommand(upload));
    await expect(gone).rejects.toMatchObject({ name: 'NoSuchUpload', $metadata: { httpStatusCode: 404 } });
  });

  it('the small client makes an object out of parts', async () => {
    const upload = { ...at, Key: 'completed' };
    const types = { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } as const;
    const created = (await client.send(new small.CreateMultipartUploadCommand({ ...upload, ...types }))) as {
      UploadId: string;
    };
    const { UploadId } = created;
    const part = new small.UploadPartCommand({ ...upload, UploadId, PartNumber: 1 });
    // The engine adds headers and body in the same way.
    part.middlewareStack.add(
      (next) =>
        ({ request }) => {
          const headers = { ...request.headers, 'x-amz-checksum-crc32': 'NhCmhg==' };
          return next({ request: { ...request, headers, body: 'hello' } });
        },
      { step: 'build' },
    );
    const { ETag: etag } = (await client.send(part)) as { ETag: string };
    const command = new small.CompleteMultipartUploadCommand({
      ...{ ...upload, UploadId, ChecksumCRC32: 'NhCmhg==', ChecksumType: 'FULL_OBJECT', MpuObjectSize: 5 },
    });
    const list: ListedPart[] = [{ number: 1, etag, crc: 0x3610a686 }];
    writePartList(command as never, list);
    expect(await client.send(command)).toMatchObject({ ETag: expect.stringMatching(/^".+"$/) });
  });

  it.each([
    ['of a key', (key: string) => new small.GetObjectCommand({ ...at, Key: key }), 'NoSuchKey', 404],
    ['of a key, by HEAD', (key: string) => new small.HeadObjectCommand({ ...at, Key: key }), 'NotFound', 404],
    ['of a bucket', () => new small.GetObjectCommand({ Bucket: 'no-such-bucket', Key: 'k' }), 'NoSuchBucket', 404],
  ])("the small client says what is not there %s by the SDK's names", async (_, command, name, httpStatusCode) => {
    await expect(client.send(command('no-such-key') as never)).rejects.toMatchObject({
      name,
      $metadata: { httpStatusCode },
    });
  });

  it('the small client says that a secret is wrong', async () => {
    const { endpoint, region, credentials } = landing.s3;
    const wrong = new small.S3Client({ endpoint, region, credentials: { ...credentials, secretAccessKey: 'wrong' } });
    const read = wrong.send(new small.GetObjectCommand({ ...at, Key: 'k' }));
    await expect(read).rejects.toMatchObject({ name: 'SignatureDoesNotMatch', $metadata: { httpStatusCode: 403 } });
  });
});

const answer = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>m &amp; n</Message></Error>`;

describe('against a server that fails', () => {
  let web: Web;
  afterEach(() => web.stop());
  const get = new small.GetObjectCommand({ Bucket: 'bucket', Key: 'key' });
  const clientOf = (endpoint: string) =>
    new small.S3Client({ endpoint, region: 'us-east-1', credentials: KEYS_OF_TEST });

  it.each([
    ['a 503', 503, answer('SlowDown')],
    ['a 500 without a body', 500, ''],
    ['an error in a 200', 200, answer('InternalError')],
  ])('the small client asks again after %s, and gives up at the third', async (_, status, body) => {
    web = await startWeb((_request, response) => void response.writeHead(status).end(body));
    await expect(clientOf(web.url).send(get)).rejects.toMatchObject({
      $metadata: { httpStatusCode: expect.anything() },
    });
    expect(web.requests).toHaveLength(3);
  });

  it('the small client asks again where the connection breaks', async () => {
    let asked = 0;
    web = await startWeb((request, response) => {
      asked += 1;
      if (asked === 1) request.socket.resetAndDestroy();
      else response.writeHead(200, { etag: '"e"' }).end('body');
    });
    expect(await clientOf(web.url).send(get)).toMatchObject({ ETag: '"e"' });
  });

  it('the small client asks once where S3 refuses, and keeps its words', async () => {
    web = await startWeb((_request, response) => void response.writeHead(403).end(answer('AccessDenied')));
    await expect(clientOf(web.url).send(get)).rejects.toMatchObject({
      name: 'AccessDenied',
      message: 'm & n',
      $metadata: { httpStatusCode: 403 },
    });
    expect(web.requests).toHaveLength(1);
  });

  it("the small client signs by S3's clock where its own is wrong", async () => {
    const ahead = new Date(Date.now() + 3_600_000);
    const dates: string[] = [];
    web = await startWeb((request, response) => {
      dates.push(String(request.headers['x-amz-date']));
      if (dates.length > 1) response.writeHead(200, { etag: '"e"' }).end();
      else response.writeHead(403, { date: ahead.toUTCString() }).end(answer('RequestTimeTooSkewed'));
    });
    await clientOf(web.url).send(get);
    expect(dates[1]?.slice(0, 11)).toBe(ahead.toISOString().replace(/[-:]/g, '').slice(0, 11));
  });

  it('the small client takes no body that has another CRC-32 than S3 states', async () => {
    const headers = { etag: '"e"', 'x-amz-checksum-crc32': 'NhCmhg==' };
    web = await startWeb((_request, response) => void response.writeHead(200, headers).end('hallo'));
    await expect(clientOf(web.url).send(get)).rejects.toThrow('CRC-32');
    expect(web.requests).toHaveLength(3);
  });

  it('the small client sends the hash and the CRC-32 of a body, and the session token', async () => {
    let seen: NodeJS.Dict<string | string[]> = {};
    web = await startWeb((request, response) => {
      seen = request.headers;
      request.resume().once('end', () => response.writeHead(200, { etag: '"e"' }).end());
    });
    const credentials = { ...KEYS_OF_TEST, sessionToken: 'token' };
    const client = new small.S3Client({ endpoint: web.url, region: 'us-east-1', credentials });
    await client.send(new small.PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: 'hello' }));
    expect(seen).toMatchObject({
      'x-amz-content-sha256': createHash('sha256').update('hello').digest('hex'),
      'x-amz-checksum-crc32': 'NhCmhg==',
      'x-amz-security-token': 'token',
      'content-length': '5',
    });
  });
});

describe('finds the place of a bucket', () => {
  const at = (hostname: string, path = '') => ({ protocol: 'https:', hostname, path });
  it.each([
    ['us-east-1', {}, at('bucket.s3.us-east-1.amazonaws.com')],
    ['cn-north-1', {}, at('bucket.s3.cn-north-1.amazonaws.com.cn')],
    ['us-gov-west-1', { AWS_USE_FIPS_ENDPOINT: 'true' }, at('bucket.s3-fips.us-gov-west-1.amazonaws.com')],
    ['eu-west-1', { AWS_USE_DUALSTACK_ENDPOINT: 'true' }, at('bucket.s3.dualstack.eu-west-1.amazonaws.com')],
  ])('the small client finds the place of a bucket in %s with %j', async (region, env, place) => {
    expect(placeOf('bucket', region, {}, env)).toEqual(place);
    const client = new sdk.S3Client({
      region,
      credentials: KEYS_OF_TEST,
      useFipsEndpoint: 'AWS_USE_FIPS_ENDPOINT' in env,
      useDualstackEndpoint: 'AWS_USE_DUALSTACK_ENDPOINT' in env,
    });
    expect(await hostBySdk(client, 'bucket')).toBe(place.hostname);
  });

  it('the small client puts a bucket with a dot into the path, for no certificate has its name', async () => {
    expect(placeOf('a.bucket', 'us-east-1', {}, {})).toEqual(at('s3.us-east-1.amazonaws.com', '/a.bucket'));
    const client = new sdk.S3Client({ region: 'us-east-1', credentials: KEYS_OF_TEST });
    expect(await hostBySdk(client, 'a.bucket')).toBe('s3.us-east-1.amazonaws.com');
  });

  it('the small client puts each bucket into the path if it is asked to', async () => {
    const forced = { forcePathStyle: true };
    expect(placeOf('bucket', 'us-east-1', forced, {})).toEqual(at('s3.us-east-1.amazonaws.com', '/bucket'));
    const client = new sdk.S3Client({ region: 'us-east-1', credentials: KEYS_OF_TEST, ...forced });
    expect(await hostBySdk(client, 'bucket')).toBe('s3.us-east-1.amazonaws.com');
  });

  it("the small client takes an endpoint of the variables, S3's own first", () => {
    const env = { AWS_ENDPOINT_URL: 'http://all:1', AWS_ENDPOINT_URL_S3: 'http://s3:2/base/' };
    expect(placeOf('b', 'r', {}, env)).toEqual({ protocol: 'http:', hostname: 's3', port: 2, path: '/base/b' });
    const ignored = { ...env, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' };
    expect(placeOf('bucket', 'eu-west-1', {}, ignored)).toEqual(at('bucket.s3.eu-west-1.amazonaws.com'));
  });
});

/** The host that the SDK would ask, and no request is sent. */
async function hostBySdk(client: sdk.S3Client, bucket: string): Promise<string> {
  let host = '';
  client.middlewareStack.add(
    () => (args) => {
      host = (args.request as { hostname: string }).hostname;
      throw new Error('not sent');
    },
    { step: 'finalizeRequest', priority: 'high' },
  );
  await client.send(new sdk.HeadObjectCommand({ Bucket: bucket, Key: 'key' })).catch(() => {});
  return host;
}

const LISTS: readonly [string, (client: small.S3Client) => Promise<unknown>][] = [
  [
    'ListPartsResult',
    (client) => client.send(new small.ListPartsCommand({ Bucket: 'bucket', Key: 'key', UploadId: 'upload' })),
  ],
  [
    'ListMultipartUploadsResult',
    (client) => client.send(new small.ListMultipartUploadsCommand({ Bucket: 'bucket', Prefix: 'key' })),
  ],
  [
    'ListBucketResult',
    (client) => Array.fromAsync(small.paginateListObjectsV2({ client: client as never }, { Bucket: 'bucket' })),
  ],
];

it.each(LISTS)('the small client asks again if a %s is cut, or is a page', async (name, list) => {
  const answers = [`<${name}><IsTruncated>fa`, '<html></html>', `<${name}></${name}>`];
  const web = await startWeb((_, response) => void response.end(answers.shift()));
  onTestFinished(() => web.stop());
  const client = new small.S3Client({ endpoint: web.url, region: 'us-east-1', credentials: KEYS_OF_TEST });
  await list(client);
  expect(answers).toEqual([]);
});
