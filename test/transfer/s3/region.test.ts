import { request as ask, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hasty, type Landing, startLanding } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { startSourceServer } from '#test/helpers/source-server.ts';
import { transfer } from '#transfer/index.ts';
import { S3Client as SmallClient } from '#transfer/s3/small/client.ts';
import { HeadObjectCommand } from '#transfer/s3/small/commands.ts';

const MIB = 1_048_576;

const CODES: Readonly<Record<number, string>> = {
  301: 'PermanentRedirect',
  307: 'TemporaryRedirect',
  400: 'AuthorizationHeaderMalformed',
};

let landing: Landing;
beforeAll(async () => {
  landing = await startLanding();
});
afterAll(() => landing[Symbol.asyncDispose]());

/**
 * S3 as a client of another region sees it: it answers with the bucket's region until the request is signed for that.
 */
async function startRegions(status: number, named = landing.s3.region) {
  const { hostname, port } = new URL(landing.s3.endpoint);
  const { region } = landing.s3;
  let elsewhere = 0;
  const server = createServer((request, response) => {
    const signedFor = /Credential=[^/]+\/\d+\/([^/]+)\//.exec(request.headers.authorization ?? '')?.[1];
    if (signedFor !== region) {
      elsewhere += 1;
      const code = CODES[status];
      request.resume();
      response.writeHead(status, { 'x-amz-bucket-region': named, connection: 'close' });
      response.end(request.method === 'HEAD' ? undefined : `<Error><Code>${code}</Code></Error>`);
      return;
    }
    const { method, url, headers } = request;
    request.pipe(
      ask({ hostname, port, method, path: url, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sentElsewhere: () => elsewhere,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function clientOf(kind: 'SDK' | 'small', endpoint: string, followRegionRedirects: boolean): S3Client {
  const { credentials } = landing.s3;
  const options = { endpoint, credentials, region: 'mars-north-1', forcePathStyle: true, followRegionRedirects };
  return kind === 'SDK' ? new S3Client(options) : (new SmallClient(options) as unknown as S3Client);
}

/** With the small client's calls in the engine, the SDK's client can't be tried. */
const isSmall = process.env.SLUICE_TEST_S3_CLIENT === 'small';

const FOLLOWED: readonly ['SDK' | 'small', number][] = [
  ['SDK', 301],
  ['SDK', 307],
  ['small', 301],
  ['small', 307],
  ['small', 400],
];

it.for(FOLLOWED.filter(([kind]) => kind === 'small' || !isSmall))(
  'the %s client that follows regions lands in a bucket of another region (%i)',
  async ([kind, status]) => {
    await using regions = await startRegions(status);
    const client = clientOf(kind, regions.endpoint, true);
    for (const length of [5, 1_000, 11 * MIB]) {
      await using source = await startSourceServer({ file: { seed: 'region', length } });
      const key = `regions/${kind}-${status}-${length}`;
      const landed = await transfer(hasty(source.url), landing.destination(key, { client }), { guard: LOOPBACK });
      await landing.expectLanded(key, 'region', length, landed);
      expect(landed.retries).toBe(0);
    }
    // The SDK's client learns the region anew with each kind of call that the engine leaves to it.
    if (kind === 'small') expect(regions.sentElsewhere()).toBe(1);
    client.destroy();
  },
);

it.for((['SDK', 'small'] as const).filter((kind) => kind === 'small' || !isSmall))(
  'the %s client that does not follow regions reports the region of the bucket',
  async (kind) => {
    await using regions = await startRegions(301);
    await using source = await startSourceServer({ file: { length: 5 } });
    const client = clientOf(kind, regions.endpoint, false);
    const key = `regions/not-followed-${kind}`;
    const destination = landing.destination(key, { client });
    await expect(transfer(hasty(source.url), destination, { guard: LOOPBACK })).rejects.toThrow(
      `HeadObject failed: HTTP 301 without a reason; the bucket is in the region ${landing.s3.region}`,
    );
    client.destroy();
  },
);

it.for([['evil.example/'], ['us-east-1.evil.example'], ['']])(
  'the small client does not follow an answer whose region is %j, which is none',
  async ([region]) => {
    await using regions = await startRegions(301, region);
    await using source = await startSourceServer({ file: { length: 5 } });
    const client = clientOf('small', regions.endpoint, true);
    const destination = landing.destination('regions/none', { client });
    await expect(transfer(hasty(source.url), destination, { guard: LOOPBACK })).rejects.toThrow('HTTP 301');
    expect(regions.sentElsewhere()).toBe(1);
    client.destroy();
  },
);

it('the small client asks the host of the other region, and signs for it', async () => {
  const asked: { host: string | undefined; scope: string | undefined }[] = [];
  const client = new SmallClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    followRegionRedirects: true,
  });
  const look = async () => {
    const command = new HeadObjectCommand({ Bucket: 'bucket', Key: 'key' });
    command.middlewareStack.add(
      () =>
        async ({ request: { hostname, headers } }) => {
          const scope = /\/([^/]+)\/s3\/aws4_request/.exec(headers.authorization ?? '')?.[1];
          expect(headers.host).toBe(hostname);
          asked.push({ host: hostname, scope });
          const isThere = scope === 'eu-north-1';
          const said = { 'x-amz-bucket-region': 'eu-north-1', etag: '"1"' };
          return { response: { statusCode: isThere ? 200 : 301, reason: undefined, headers: said, body: Buffer.of() } };
        },
      { step: 'deserialize' },
    );
    return client.send(command);
  };
  expect(await look()).toMatchObject({ ETag: '"1"' });
  await look();
  const there = { host: 'bucket.s3.eu-north-1.amazonaws.com', scope: 'eu-north-1' };
  expect(asked).toEqual([{ host: 'bucket.s3.us-east-1.amazonaws.com', scope: 'us-east-1' }, there, there]);
});
