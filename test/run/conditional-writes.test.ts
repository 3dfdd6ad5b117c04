import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { runKeys } from '#run/keys.ts';
import { RunLimits } from '#run/limits/run-limits.ts';
import { type Claim, claim, claimSchema } from '#run/plan/claim.ts';
import { readJson, type Store, writeOnce } from '#run/store.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { type S3FaultProxy, type S3FaultRule, s3Errors, startS3FaultProxy } from '#test/helpers/s3-fault-proxy.ts';

const aws = useEmbeddedAws();
afterEach(() => vi.restoreAllMocks());

/** A bucket of a real S3 server, and the same by way of a proxy that answers some writes otherwise. */
async function behindProxy(...rules: S3FaultRule[]): Promise<{ direct: Store; store: Store; proxy: S3FaultProxy }> {
  const direct = await aws.store();
  const proxy = await startS3FaultProxy(aws.client().endpoint, { rules });
  const client = new S3Client({ ...aws.client(), endpoint: proxy.endpoint, forcePathStyle: true });
  return { direct, store: { ...direct, client }, proxy };
}

const conflicts = (nth: number | readonly number[] | ((nth: number) => boolean)): S3FaultRule => ({
  when: { operation: 'PutObject', nth },
  fault: s3Errors.conditionalConflict,
});

/** What is drawn for each pause, and how long the pauses then are: 50, 100, 200 ms … at most. */
function drawnPauses(...shares: number[]): void {
  const draw = vi.spyOn(Math, 'random');
  for (const share of shares) draw.mockReturnValueOnce(share);
}

const claimOf = (runId: string): Claim => ({
  v: 1,
  runId,
  executionArn: `arn:aws:states:us-east-1:000000000000:execution:sluice:${runId}`,
  startedAt: '2026-11-24T01:00:00.000Z',
});

describe('a record that is written once', () => {
  it('a record is written once after S3 has answered 409 three times', async () => {
    const { direct, store, proxy } = await behindProxy(conflicts([1, 2, 3]));
    await using _ = proxy;
    expect(await writeOnce(store, 'record.json', { n: 1 })).toBe('written');
    expect(proxy.operations('PutObject')).toBe(4);
    expect(await readJson(direct, 'record.json', z.unknown())).toEqual({ n: 1 });
  });

  it('a conditional write is tried again after random pauses that grow', async () => {
    const { store, proxy } = await behindProxy(conflicts([1, 2, 3]));
    await using _ = proxy;
    drawnPauses(0.9, 0.5, 0.9);
    const began = performance.now();
    await writeOnce(store, 'record.json', { n: 1 });
    // Node's timers may fire a millisecond early. How late they fire depends on the machine.
    expect(performance.now() - began).toBeGreaterThan(0.9 * 50 + 0.5 * 100 + 0.9 * 200 - 3);
    expect(Math.random).toHaveBeenCalledTimes(3);
  });

  it('a conditional write fails after eight answers of 409, with that answer', async () => {
    const { direct, store, proxy } = await behindProxy(conflicts(() => true));
    await using _ = proxy;
    drawnPauses(...Array.from({ length: 7 }, () => 0));
    await expect(writeOnce(store, 'record.json', { n: 1 })).rejects.toMatchObject({
      name: 'ConditionalRequestConflict',
      $metadata: { httpStatusCode: 409 },
    });
    expect(proxy.operations('PutObject')).toBe(8);
    expect(await readJson(direct, 'record.json', z.unknown())).toBeUndefined();
  });

  it('one of many simultaneous writers writes the record, while S3 answers every second write with 409', async () => {
    const { direct, store, proxy } = await behindProxy(conflicts((nth) => nth % 2 === 1));
    await using _ = proxy;
    const words = await Promise.all(Array.from({ length: 12 }, (_, n) => writeOnce(store, 'record.json', { n })));
    expect(words.filter((word) => word === 'written')).toHaveLength(1);
    expect(words.filter((word) => word === 'exists')).toHaveLength(11);
    expect(await readJson(direct, 'record.json', z.unknown())).toEqual({ n: words.indexOf('written') });
  });
});

describe('a claim that is taken over from an execution that has ended', () => {
  const take = (store: Store) =>
    claim(store, 'slot.json', claimOf('new'), 'slot 04:30 of schedule nightly', async () => true);

  it('a claim is taken over after S3 has answered 409 twice', async () => {
    // The first two PutObjects are the old claim and the new one's first try, which finds the old.
    const { direct, store, proxy } = await behindProxy(conflicts([3, 4]));
    await using _ = proxy;
    await writeOnce(store, 'slot.json', claimOf('old'));
    await take(store);
    expect(proxy.operations('PutObject')).toBe(5);
    expect(await readJson(direct, 'slot.json', claimSchema)).toEqual(claimOf('new'));
  });

  it('a claim belongs to the caller if S3 replaced it and the answer was lost', async () => {
    const { direct, store, proxy } = await behindProxy({
      when: { operation: 'PutObject', nth: 3 },
      fault: { kind: 'lost-answer' },
    });
    await using _ = proxy;
    await writeOnce(store, 'slot.json', claimOf('old'));
    await take(store);
    expect(await readJson(direct, 'slot.json', claimSchema)).toEqual(claimOf('new'));
  });

  it('a claim belongs to another execution that was faster, and the error names that execution', async () => {
    const { direct, store, proxy } = await behindProxy();
    await using _ = proxy;
    await writeOnce(store, 'slot.json', claimOf('old'));
    const taking = claim(store, 'slot.json', claimOf('new'), 'slot 04:30 of schedule nightly', async () => {
      await claim(direct, 'slot.json', claimOf('faster'), 'slot', async () => true);
      return true;
    });
    await expect(taking).rejects.toThrow(/slot 04:30 of schedule nightly belongs to run faster /);
  });
});

it('the bytes of a run are counted once, while S3 answers every third write with 409', async () => {
  const { direct, store, proxy } = await behindProxy(conflicts((nth) => nth % 3 === 1));
  await using _ = proxy;
  await Promise.all(
    Array.from({ length: 6 }, async () => {
      const limits = new RunLimits(store, 1_000_000);
      await limits.spend('night', 100);
      await limits.flush('night');
    }),
  );
  const left = await new RunLimits(direct, 1_000_000).within('night', 1_000_000, async (maxBytes) => maxBytes);
  expect(left).toBe(1_000_000 - 600);
  expect(proxy.happened.every(({ request }) => request.key.startsWith(runKeys('night').spentCounters))).toBe(true);
});
