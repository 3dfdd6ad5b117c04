import { describe, expect, it } from 'vitest';
import { useDeployedAws } from '#test/helpers/deployed.ts';
import { headObject, objectSha256, openUploads } from '#test/helpers/s3-objects.ts';
import { contentSha256, faults, startSourceServer } from '#test/helpers/source-server.ts';

const aws = useDeployedAws();
const { client, bucket } = aws.store;
const MIB = 1_048_576;

describe('a large object', () => {
  it('goes in slices over several Lambdas, and is the same to the byte', async () => {
    const length = 150 * MIB;
    await using source = await startSourceServer({ file: { seed: 3, length } });
    const run = await aws.run({ sources: [{ url: source.url, key: 'large/object.bin' }] });
    expect(run.manifest).toMatchObject({ outcome: 'complete', bytes: length });
    expect(run.items[0]?.landed).toMatchObject({ bytes: length, proofs: { held: ['size', 'crc32'] } });
    expect(await objectSha256(client, bucket, 'large/object.bin')).toBe(contentSha256(3, length));
  });

  it('that its source refuses half-way is a failure of that object alone, and leaves no upload open', async () => {
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
      failed: [{ name: 'large/refused.bin', stage: 'transfer', error: { name: 'SourceRefusedError' } }],
    });
    expect(run.manifest?.failed[0]?.error.message).toContain('answered 403');
    expect(await headObject(client, bucket, 'large/refused.bin')).toBeUndefined();
    expect(await openUploads(client, bucket)).toEqual([]);
  });
});
