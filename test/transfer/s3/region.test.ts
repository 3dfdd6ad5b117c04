import { request as ask, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hasty, type Landing, startLanding } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { startSourceServer } from '#test/helpers/source-server.ts';
import { transfer } from '#transfer/index.ts';

const MIB = 1_048_576;

let landing: Landing;
beforeAll(async () => {
  landing = await startLanding();
});
afterAll(() => landing[Symbol.asyncDispose]());

/**
 * S3 as a client of another region sees it: it answers with the bucket's region until the request is signed for that.
 */
async function startRegions(status: number) {
  const { hostname, port } = new URL(landing.s3.endpoint);
  const { region } = landing.s3;
  const server = createServer((request, response) => {
    const signedFor = /Credential=[^/]+\/\d+\/([^/]+)\//.exec(request.headers.authorization ?? '')?.[1];
    if (signedFor !== region) {
      const code = status === 301 ? 'PermanentRedirect' : 'TemporaryRedirect';
      request.resume();
      response.writeHead(status, { 'x-amz-bucket-region': region, connection: 'close' });
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
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function clientOf(endpoint: string, followRegionRedirects: boolean): S3Client {
  const { credentials } = landing.s3;
  return new S3Client({ endpoint, credentials, region: 'mars-north-1', forcePathStyle: true, followRegionRedirects });
}

/** The small client's functions and bucket are in one region. */
const isSmall = process.env.SLUICE_TEST_S3_CLIENT === 'small';

it.skipIf(isSmall).each([301, 307])(
  'a client that follows regions lands in a bucket of another region (%i)',
  async (status) => {
    await using regions = await startRegions(status);
    const client = clientOf(regions.endpoint, true);
    for (const length of [5, 1_000, 11 * MIB]) {
      await using source = await startSourceServer({ file: { seed: 'region', length } });
      const key = `regions/${status}-${length}`;
      const landed = await transfer(hasty(source.url), landing.destination(key, { client }), { guard: LOOPBACK });
      await landing.expectLanded(key, 'region', length, landed);
      expect(landed.retries).toBe(0);
    }
    client.destroy();
  },
);

it.skipIf(isSmall)('a client that does not follow regions reports the region of the bucket', async () => {
  await using regions = await startRegions(301);
  await using source = await startSourceServer({ file: { length: 5 } });
  const client = clientOf(regions.endpoint, false);
  const key = 'regions/not-followed';
  await expect(transfer(hasty(source.url), landing.destination(key, { client }), { guard: LOOPBACK })).rejects.toThrow(
    `HeadObject failed: HTTP 301 without a reason; the bucket is in the region ${landing.s3.region}`,
  );
  client.destroy();
});
