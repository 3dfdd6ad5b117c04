import { Agent } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Landing, startLanding } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { createBucket } from '#test/helpers/s3-objects.ts';
import { findVersitygw, startS3Server } from '#test/helpers/s3-server.ts';
import { selfSignedCertificate, startSourceServer } from '#test/helpers/source-server.ts';
import { transfer } from '#transfer/index.ts';

const OPTIONS = { guard: LOOPBACK };

let landing: Landing;
beforeAll(async () => {
  landing = await startLanding();
});
afterAll(() => landing[Symbol.asyncDispose]());

it("the engine uses a new client's own agent, and leaves it to the client to close it", async () => {
  let connections = 0;
  class Counting extends Agent {
    override createConnection(...args: Parameters<Agent['createConnection']>) {
      connections += 1;
      return super.createConnection(...args);
    }
  }
  const httpAgent = new Counting({ keepAlive: true });
  await using source = await startSourceServer({ file: { seed: 1, length: 1_000 } });
  const client = landing.s3.clientFor(landing.s3.endpoint, { requestHandler: { httpAgent } });
  const landed = await transfer({ url: source.url }, landing.destination('own-agent', { client }), OPTIONS);
  expect(landed.status).toBe('landed');
  expect(connections).toBeGreaterThan(0);
  await expect.poll(() => Object.keys(httpAgent.freeSockets).length).toBe(1);
  client.destroy();
  await expect.poll(() => Object.keys(httpAgent.freeSockets).length).toBe(0);
});

it.runIf(findVersitygw())('the engine trusts the certificates that a new client trusts', async () => {
  await using s3 = await startS3Server({ tls: selfSignedCertificate() });
  const bucket = await createBucket(s3.client);
  await using source = await startSourceServer({ file: { seed: 1, length: 1_000 } });
  const destination = { client: s3.clientFor(s3.endpoint), bucket, key: 'trusted' };
  expect(await transfer({ url: source.url }, destination, OPTIONS)).toMatchObject({ status: 'landed' });
});
