import { describe, expect, it } from 'vitest';
import { useDeployedAws } from '#test/helpers/deployed.ts';
import { headObject, objectSha256, openUploads } from '#test/helpers/s3-objects.ts';
import { contentSha256, faults, startSourceServer } from '#test/helpers/source-server.ts';

const aws = await useDeployedAws();
const { client, bucket } = aws.store;
const MIB = 1_048_576;

/** The multipart uploads that this file's runs have left open. Other files' runs are under way in the same bucket. */
const leftOpen = async () => (await openUploads(client, bucket)).filter(({ Key }) => Key?.startsWith('large/'));

describe('a large object', () => {
  it('a large object is transferred in slices by several Lambdas, and equals its source', async () => {
    const length = 150 * MIB;
    await using source = await startSourceServer({ file: { seed: 3, length } });
    const run = await aws.run({ sources: [{ url: source.url, key: 'large/object.bin' }] });
    expect(run.manifest).toMatchObject({ outcome: 'complete', bytes: length });
    expect(run.items[0]?.landed).toMatchObject({ bytes: length, proofs: { held: ['size', 'crc32'] } });
    expect(await objectSha256(client, bucket, 'large/object.bin')).toBe(contentSha256(3, length));
  });

  it('a large object that its source refuses half-way fails alone, and leaves no upload open', async () => {
    await using source = await startSourceServer({
      file: { seed: 4, length: 100 * MIB },
      rules: [{ when: { nth: (nth) => nth > 4 }, faults: faults.status(403) }],
    });
    await using other = await startSourceServer({ file: { seed: 5, length: MIB } });
    const run = await aws.run({
      sources: [
        { url: source.url, key: 'large/refused.bin' },
        { url: other.url, key: 'large/other.bin' },
      ],
    });
    expect(run).toMatchObject({ status: 'SUCCEEDED' });
    expect(run.manifest).toMatchObject({
      outcome: 'partial',
      done: [{ name: 'large/other.bin' }],
      failed: [{ name: 'large/refused.bin', stage: 'transfer', problem: { error: 'SourceRefusedError' } }],
    });
    expect(run.manifest?.failed[0]?.problem.detail).toContain('answered 403');
    expect(await headObject(client, bucket, 'large/refused.bin')).toBeUndefined();
    expect(await leftOpen()).toEqual([]);
  });

  it('a large object whose source changes half-way begins again, and equals the later version', async () => {
    const length = 100 * MIB;
    await using source = await startSourceServer({
      file: { seed: 6, length, etag: '"v1"' },
      rules: [
        {
          when: { nth: (nth) => nth > 4 },
          faults: faults.version({ seed: 7, etag: '"v2"', lastModified: new Date('2026-11-24T02:00:00Z') }),
        },
      ],
    });
    const run = await aws.run({ sources: [{ url: source.url, key: 'large/changed.bin' }] });
    expect(run.manifest).toMatchObject({ outcome: 'complete', bytes: length });
    expect(run.items[0]?.landed).toMatchObject({ parts: expect.any(Number), proofs: { held: ['size', 'crc32'] } });
    // Each part has a proof from this upload's slices, and none from the lost upload's.
    expect(run.items[0]?.landed?.notes).toEqual([]);
    expect(await objectSha256(client, bucket, 'large/changed.bin')).toBe(contentSha256(7, length));
    expect(await leftOpen()).toEqual([]);
  });

  it('a large object that several backends answer with different ETags is read in one stream', async () => {
    const length = 70 * MIB;
    await using source = await startSourceServer({
      file: { seed: 8, length },
      rules: [{ when: {}, faults: faults.alternatingEtags('"a"', '"b"') }],
    });
    const run = await aws.run({ sources: [{ url: source.url, key: 'large/backends.bin' }] });
    expect(run.manifest).toMatchObject({ outcome: 'complete', bytes: length });
    expect(run.items[0]?.landed?.notes).toContainEqual(expect.stringContaining('several backends'));
    expect(await objectSha256(client, bucket, 'large/backends.bin')).toBe(contentSha256(8, length));
    expect(await leftOpen()).toEqual([]);
  });

  it('a large object that changes with each request is finally read in one stream, and leaves nothing open', async () => {
    let version = 0;
    await using source = await startSourceServer({
      file: { seed: 9, length: 70 * MIB },
      rules: [
        {
          when: {},
          faults: {
            name: 'another version with each request',
            prepare: (exchange) => {
              version += 1;
              const lastModified = new Date(Date.UTC(2026, 0, 1) + version * 1_000);
              exchange.file = { ...exchange.file, etag: `"v${version}"`, lastModified };
            },
          },
        },
      ],
    });
    const run = await aws.run({ sources: [{ url: source.url, key: 'large/restless.bin' }] });
    expect(run.manifest).toMatchObject({ outcome: 'complete', bytes: 70 * MIB });
    expect(run.items[0]?.landed?.notes).toContainEqual(expect.stringContaining('it was read in one stream'));
    expect(await objectSha256(client, bucket, 'large/restless.bin')).toBe(contentSha256(9, 70 * MIB));
    expect(await leftOpen()).toEqual([]);
  });
});
