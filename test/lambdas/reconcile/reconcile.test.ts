import { CreateMultipartUploadCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { reconcile } from '#lambdas/reconcile/reconcile.ts';
import type { WorkItem } from '#run/item.ts';
import { runKeys } from '#run/keys.ts';
import { record } from '#run/ledger/ledger.ts';
import { failureSchema } from '#run/ledger/records.ts';
import { readJson, writeOnce } from '#run/store.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { failureRecord, landedRecord, profile, recordedItems, sourceNamed, writePlan } from '#test/helpers/run.ts';
import { openUploads } from '#test/helpers/s3-objects.ts';

const aws = useEmbeddedAws();

describe('reconcile', () => {
  it('Reconcile records a failure for exactly the sources that have no record', async () => {
    const store = await aws.store();
    const [landed, failed, handed, lost] = [
      sourceNamed('landed'),
      sourceNamed('failed'),
      sourceNamed('handed'),
      sourceNamed('lost'),
    ] as const;
    const work: WorkItem = { kind: 'work', id: 'f'.repeat(32), name: 'work', process: profile, input: null };
    const plan = await writePlan(store, 'r', [landed, failed, handed, lost, work]);
    await record(store, 'landed', landedRecord('r', landed, store.bucket));
    for (const item of [failed, work]) await record(store, 'failures', failureRecord('r', item));
    const { v, runId, item, name, at } = landedRecord('r', handed, store.bucket);
    await record(store, 'handed', { v, runId, item, name, at, reason: 'too slow', bytesSpent: 1 });

    const uploads = await Promise.all(
      ['lost', 'handed'].map(async (key) => {
        const { UploadId: uploadId = '' } = await store.client.send(
          new CreateMultipartUploadCommand({ Bucket: store.bucket, Key: key }),
        );
        await writeOnce(store, runKeys('r').upload(uploadId), { v: 1, bucket: store.bucket, key, uploadId });
        return uploadId;
      }),
    );

    expect(await reconcile(store, plan)).toBe(1);
    // The worker's upload goes on.
    expect((await openUploads(store.client, store.bucket)).map(({ UploadId }) => UploadId)).toEqual([uploads[1]]);
    expect(await recordedItems(store, 'r', 'failures')).toEqual(new Set([failed.id, lost.id, work.id]));
    expect(await readJson(store, runKeys('r').record('failures', lost.id), failureSchema)).toMatchObject({
      stage: 'reconcile',
      name: 'lost',
      problem: { error: 'IngestEndedError' },
    });
    expect(await reconcile(store, plan)).toBe(0);
  });

  it('Reconcile records nothing after the deadline: sources that Ingest did not begin are late, not failed', async () => {
    const store = await aws.store();
    const plan = await writePlan(store, 'r', [sourceNamed('a')], { deadline: '2026-11-24T06:00:00.000Z' });
    expect(await reconcile(store, plan, new Date('2026-11-24T06:00:00Z'))).toBe(0);
    expect(await recordedItems(store, 'r', 'failures')).toEqual(new Set());
    expect(await reconcile(store, plan, new Date('2026-11-24T05:59:59Z'))).toBe(1);
  });
});
