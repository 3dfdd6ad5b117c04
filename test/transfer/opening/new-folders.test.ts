import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasty, type Landing, startLanding } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { type S3FaultProxy, startS3FaultProxy } from '#test/helpers/s3-fault-proxy.ts';
import { type SourceServer, startSourceServer } from '#test/helpers/source-server.ts';
import { type Destination, transfer } from '#transfer/index.ts';

const MIB = 1_048_576;
const LARGE = 11 * MIB;
const OPTIONS = { guard: LOOPBACK, bufferBytes: 5 * MIB, connections: 2 };

let landing: Landing;
let source: SourceServer;
let proxy: S3FaultProxy;
let client: Destination['client'];
beforeAll(async () => {
  landing = await startLanding();
});
beforeEach(async () => {
  source = await startSourceServer({ file: { seed: 'v1', length: 1_000 } });
  source.setFile('/large', { seed: 'large', length: LARGE });
  proxy = await startS3FaultProxy(landing.s3.endpoint);
  client = landing.s3.clientFor(proxy.endpoint);
});
afterEach(async () => {
  await proxy.stop();
  await source.stop();
});
afterAll(() => landing[Symbol.asyncDispose]());

const land = (key: string, more: Partial<Destination> = {}, url = source.url) =>
  transfer(hasty(url), landing.destination(key, { client, ...more }), OPTIONS);
const put = (Key: string) =>
  landing.s3.client.send(new PutObjectCommand({ Bucket: landing.bucket, Key, Body: 'other' }));

/** Three keys at which nothing was found make the engine take the folder's next one for new. */
async function landThree(folder: string): Promise<void> {
  for (const name of ['1', '2', '3']) await land(`${folder}/${name}`);
}

describe('a folder whose keys have all been new', () => {
  it('a small file in a new folder costs two requests: one to the source, one to S3', async () => {
    await landThree('two');
    const [heads, puts, asked] = [
      proxy.operations('HeadObject'),
      proxy.operations('PutObject'),
      source.requests.length,
    ];
    expect(heads).toBe(3);
    expect(await land('two/4')).toMatchObject({ status: 'landed', bytes: 1_000 });
    expect(proxy.operations('HeadObject') - heads).toBe(0);
    expect(proxy.operations('PutObject') - puts).toBe(1);
    expect(source.requests.length - asked).toBe(1);
    await landing.expectLanded('two/4', 'v1', 1_000);
  });

  it('an object that exists in a new folder is unchanged, and the folder is looked at again', async () => {
    await landThree('again');
    expect(await land('again/1')).toMatchObject({ status: 'unchanged', bytes: 1_000 });
    const heads = proxy.operations('HeadObject');
    expect(await land('again/2')).toMatchObject({ status: 'unchanged' });
    expect(await land('again/new')).toMatchObject({ status: 'landed' });
    expect(proxy.operations('HeadObject') - heads).toBe(2);
  });

  it('an object of another program in a new folder is replaced, as update says', async () => {
    await landThree('other');
    await put('other/4');
    expect(await land('other/4')).toMatchObject({ status: 'landed' });
    await landing.expectLanded('other/4', 'v1', 1_000);
  });

  it('an older version in a new folder is replaced by the new one', async () => {
    await landThree('older');
    source.setFile('/file', { seed: 'v2', length: 1_000 });
    expect(await land('older/1')).toMatchObject({ status: 'landed' });
    await landing.expectLanded('older/1', 'v2', 1_000);
  });

  it('a large file in a new folder is looked for first, because it may be unchanged', async () => {
    const url = `${source.origin}/large`;
    await land('large/0', {}, url);
    const other = landing.s3.clientFor(proxy.endpoint);
    for (const name of ['1', '2', '3']) await land(`large/${name}`, { client: other });
    const sent = source.bodyBytes;
    expect(await land('large/0', { client: other }, url)).toMatchObject({ status: 'unchanged', bytes: LARGE });
    expect(source.bodyBytes - sent).toBeLessThan(LARGE);
    expect(await land('large/4', { client: other }, url)).toMatchObject({ status: 'landed', bytes: LARGE });
    await landing.expectLanded('large/4', 'large', LARGE);
  });

  it.each(['skip', 'fail'] as const)(
    'a file in a new folder is looked for with %s, which needs no answer of the source',
    async (ifExists) => {
      await landThree(ifExists);
      await put(`${ifExists}/4`);
      const asked = source.requests.length;
      await land(`${ifExists}/4`, { ifExists }).catch(() => {});
      expect(source.requests.length).toBe(asked);
    },
  );

  it('the engine recognises its own object if the answer of the conditional PUT was lost', async () => {
    await landThree('lost');
    proxy.addRules({ when: { operation: 'PutObject', nth: 1 }, fault: { kind: 'lost-answer' } });
    expect(await land('lost/4')).toMatchObject({ status: 'landed', bytes: 1_000 });
    await landing.expectLanded('lost/4', 'v1', 1_000);
  });

  it('a server without conditional PUTs works too', async () => {
    await landThree('plain');
    const fault = { kind: 'error', status: 501, code: 'NotImplemented' } as const;
    proxy.addRules({ when: { operation: 'PutObject', nth: 1 }, fault });
    expect(await land('plain/4')).toMatchObject({ status: 'landed' });
    await landing.expectLanded('plain/4', 'v1', 1_000);
    // Without the condition, "skip" could replace what somebody writes meanwhile.
    proxy.addRules({ when: { operation: 'PutObject', nth: 1 }, fault });
    await expect(land('plain/5', { ifExists: 'skip' })).rejects.toThrow(/not support a conditional PUT/);
    await landing.expectNothing('plain/5');
  });
});
