import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Landing, startLanding } from '#test/helpers/landing.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { type S3FaultProxy, s3Errors, startS3FaultProxy } from '#test/helpers/s3-fault-proxy.ts';
import { openUploads } from '#test/helpers/s3-objects.ts';
import { contentHashes, faults, type SourceServer, startSourceServer } from '#test/helpers/source-server.ts';
import { type Destination, openTransfer, type TransferState, transfer } from '#transfer/index.ts';

const MIB = 1_048_576;
const LENGTH = 12 * MIB;
const OPTIONS = { guard: LOOPBACK, bufferBytes: 5 * MIB, connections: 2 };
const { sha256 } = contentHashes('v1', LENGTH);
const file = { seed: 'v1', length: LENGTH };

let landing: Landing;
let proxy: S3FaultProxy;
beforeAll(async () => {
  landing = await startLanding();
  proxy = await startS3FaultProxy(landing.s3.endpoint);
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await landing[Symbol.asyncDispose]();
});

function at(key: string, more: Partial<Destination> = {}): Destination {
  return landing.destination(key, { client: landing.s3.clientFor(proxy.endpoint), ...more });
}

/** A transfer whose process died once its upload was there: nothing has aborted it. */
async function diedAt(source: SourceServer, destination: Destination): Promise<TransferState> {
  proxy.clearRules();
  proxy.addRules({ when: { operation: 'AbortMultipartUpload' }, fault: s3Errors.accessDenied });
  let state: TransferState | undefined;
  const onUploadCreated = (_: string, created?: TransferState) => {
    state = created;
    throw new Error('dies');
  };
  const given = { url: source.url, expect: { sha256 } };
  await expect(transfer(given, destination, { ...OPTIONS, onUploadCreated })).rejects.toThrow('dies');
  proxy.clearRules();
  if (state === undefined) throw new Error('no state was told');
  return state;
}

async function uploadsOpenAt(key: string): Promise<number> {
  const all = await openUploads(landing.s3.client, landing.bucket);
  return all.filter(({ Key }) => Key === key).length;
}

it.each(['overwrite', 'skip', 'fail'] as const)(
  'a resumed transfer recognises its own object if the answer to Complete is lost, with %s',
  async (ifExists) => {
    await using source = await startSourceServer({ file });
    const destination = at(`lost-${ifExists}`, { ifExists });
    const resume = await diedAt(source, destination);
    const again = ifExists === 'overwrite' ? s3Errors.noSuchUpload : s3Errors.preconditionFailed;
    proxy.addRules(
      {
        when: { operation: 'CompleteMultipartUpload', nth: 1 },
        fault: { kind: 'done-but-error', status: 500, code: 'InternalError' },
      },
      { when: { operation: 'CompleteMultipartUpload' }, fault: again },
    );
    const opened = await openTransfer({ url: source.url, expect: { sha256 } }, destination, { ...OPTIONS, resume });
    if (opened.kind !== 'stream') throw new Error(opened.kind);
    expect(await opened.run()).toMatchObject({ status: 'landed', bytes: LENGTH });
  },
);

it('a resumed transfer begins again if the upload does not exist any more', async () => {
  await using source = await startSourceServer({ file });
  // Past the proxy, which would not have let it be aborted.
  const destination = landing.destination('gone');
  const resume = await diedAt(source, destination);
  const given = { url: source.url, expect: { sha256 } };
  const landed = await transfer(given, destination, { ...OPTIONS, resume });
  await landing.expectLanded('gone', 'v1', LENGTH, landed);
});

it('a resumed transfer begins again if the source has changed, and leaves nothing of the old upload', async () => {
  await using source = await startSourceServer({ file });
  const destination = at('changed');
  const resume = await diedAt(source, destination);
  source.setFile('/file', { seed: 'v2', length: LENGTH, etag: '"v2"' });
  const given = { url: source.url, expect: { sha256: contentHashes('v2', LENGTH).sha256 } };
  const landed = await transfer(given, destination, { ...OPTIONS, resume });
  await landing.expectLanded('changed', 'v2', LENGTH, landed);
  expect(await uploadsOpenAt('changed')).toBe(0);
});

it.each(['small', 'stream', 'skip'])('a resumed transfer aborts an upload that is not resumed: %s', async (way) => {
  await using source = await startSourceServer({ file });
  const key = `left-${way}`;
  const destination = at(key, way === 'skip' ? { ifExists: 'skip' } : {});
  const resume = await diedAt(source, destination);
  let expected = sha256;
  if (way === 'small') {
    source.setFile('/file', { seed: 'small', length: 1_000 });
    expected = contentHashes('small', 1_000).sha256;
  }
  if (way === 'stream') source.addRules({ faults: faults.ignoreRange() });
  if (way === 'skip') await transfer({ url: source.url }, { ...destination, ifExists: 'overwrite' }, OPTIONS);
  const given = { url: source.url, expect: { sha256: expected } };
  expect(await transfer(given, destination, { ...OPTIONS, resume })).toMatchObject({
    status: way === 'skip' ? 'skipped' : 'landed',
  });
  expect(await uploadsOpenAt(key)).toBe(0);
});

it('a resumed transfer aborts an upload whose parts can not be listed', async () => {
  await using source = await startSourceServer({ file });
  const destination = at('unlisted');
  const resume = await diedAt(source, destination);
  proxy.addRules({ when: { operation: 'ListParts', nth: 1 }, fault: s3Errors.accessDenied });
  const given = { url: source.url, expect: { sha256 } };
  await expect(transfer(given, destination, { ...OPTIONS, resume })).rejects.toThrow(/ListParts/);
  expect(await uploadsOpenAt('unlisted')).toBe(0);
});
