import { CreateMultipartUploadCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { type BrokenExecution, closeEndedRun } from '#lambdas/close-run/close-ended-run.ts';
import { manifestSchema } from '#run/end/manifest.ts';
import { runKeys } from '#run/keys.ts';
import { isClosed, record } from '#run/ledger/ledger.ts';
import type { PlanSummary } from '#run/plan/plan-summary.ts';
import { readJson, type Store, writeJson, writeOnce } from '#run/store.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { landedRecord, sourceNamed, writePlan } from '#test/helpers/run.ts';
import { openUploads } from '#test/helpers/s3-objects.ts';

const aws = useEmbeddedAws();

const executionOf = (plan: PlanSummary): BrokenExecution => ({
  executionArn: plan.executionArn,
  name: plan.runId,
  status: 'ABORTED',
  startDate: Date.parse(plan.startedAt),
  redriveCount: 0,
  cause: 'stopped by hand',
});

async function claimed(store: Store, plan: PlanSummary): Promise<PlanSummary> {
  const { runId, executionArn, startedAt } = plan;
  await writeJson(store, runKeys(runId).claim, { v: 1, runId, executionArn, startedAt });
  return plan;
}

describe('closeEndedRun', () => {
  it('closes the run, aborts what it left open, and writes the manifest with the reason', async () => {
    const store = await aws.store();
    const [done, missing] = [sourceNamed('a', null), sourceNamed('b', null)] as const;
    const plan = await claimed(store, await writePlan(store, 'r', [done, missing]));
    await record(store, 'landed', landedRecord('r', done, store.bucket));
    const upload = await store.client.send(new CreateMultipartUploadCommand({ Bucket: store.bucket, Key: 'b' }));
    const uploadId = upload.UploadId ?? '';
    await writeOnce(store, runKeys('r').upload(uploadId), { v: 1, bucket: store.bucket, key: 'b', uploadId });
    await writeOnce(store, runKeys('r').upload('gone'), { v: 1, bucket: store.bucket, key: 'c', uploadId: 'gone' });

    expect(await closeEndedRun(store, executionOf(plan))).toBe(true);
    expect(await isClosed(store, 'r')).toBe(true);
    expect(await openUploads(store.client, store.bucket)).toEqual([]);
    expect(await readJson(store, runKeys('r').manifest, manifestSchema)).toMatchObject({
      outcome: 'failed',
      reason: 'the execution ended ABORTED: stopped by hand',
      counts: { done: 1, missing: 1 },
    });
  });

  it('leaves alone the run of an earlier execution of the same name, and one that was never planned', async () => {
    const store = await aws.store();
    const plan = await claimed(store, await writePlan(store, 'r', [sourceNamed('a')]));
    const later = { ...executionOf(plan), startDate: Date.parse(plan.startedAt) + 1_000 };
    expect(await closeEndedRun(store, later)).toBe(false);
    expect(await closeEndedRun(store, { ...executionOf(plan), name: 'never-planned' })).toBe(false);
    expect(await isClosed(store, 'r')).toBe(false);
  });
});
