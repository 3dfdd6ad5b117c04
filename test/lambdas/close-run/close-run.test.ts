import { CreateMultipartUploadCommand } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { type BrokenExecution, closeBroken, closeInOrder } from '#lambdas/close-run/close-run.ts';
import { finishRun } from '#run/end/finish.ts';
import { manifestSchema } from '#run/end/manifest.ts';
import { loadSchema } from '#run/input/load.ts';
import { runKeys } from '#run/keys.ts';
import { isClosed, record } from '#run/ledger/ledger.ts';
import { claimSchema } from '#run/plan/claim.ts';
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
  redriveCount: 0,
  cause: 'stopped by hand',
});

async function claimed(store: Store, plan: PlanSummary): Promise<PlanSummary> {
  const { runId, executionArn, startedAt } = plan;
  await writeJson(store, runKeys(runId).claim, { v: 1, runId, executionArn, startedAt });
  return plan;
}

const claimOf = async (store: Store) => readJson(store, runKeys('r').claim, claimSchema);

describe('closeBroken', () => {
  it('closeBroken closes the run, aborts its open uploads, and writes the manifest with the reason', async () => {
    const store = await aws.store();
    const [done, missing] = [sourceNamed('a', null), sourceNamed('b', null)] as const;
    const plan = await claimed(store, await writePlan(store, 'r', [done, missing]));
    await record(store, 'landed', landedRecord('r', done, store.bucket));
    const upload = await store.client.send(new CreateMultipartUploadCommand({ Bucket: store.bucket, Key: 'b' }));
    const uploadId = upload.UploadId ?? '';
    await writeOnce(store, runKeys('r').upload(uploadId), { v: 1, bucket: store.bucket, key: 'b', uploadId });
    await writeOnce(store, runKeys('r').upload('gone'), { v: 1, bucket: store.bucket, key: 'c', uploadId: 'gone' });

    expect(await closeBroken(store, executionOf(plan))).toEqual({
      closed: true,
      runId: 'r',
      of: 1,
      pieces: [],
      loads: 0,
      loadsToCancel: 0,
    });
    await finishRun(store, plan);
    expect(await isClosed(store, 'r')).toBe(true);
    expect(await openUploads(store.client, store.bucket)).toEqual([]);
    expect(await readJson(store, runKeys('r').manifest, manifestSchema)).toMatchObject({
      outcome: 'failed',
      reason: 'the execution ended ABORTED: stopped by hand',
      counts: { done: 1, missing: 1 },
    });
  });

  it("closeBroken gives the message of a function's error as the reason, without the JSON around it", async () => {
    const store = await aws.store();
    const plan = await claimed(store, await writePlan(store, 'r', [sourceNamed('a')]));
    const cause = JSON.stringify({ errorType: 'CheckFailedError', errorMessage: 'it answered 500', trace: ['at x'] });
    await closeBroken(store, { ...executionOf(plan), status: 'FAILED', error: 'CheckFailedError', cause });
    expect((await finishRun(store, plan))?.reason).toBe(
      'the execution ended FAILED: CheckFailedError: it answered 500',
    );
  });

  it('closeBroken closes nothing if the run belongs to another execution, and says what did not match', async () => {
    const store = await aws.store();
    const plan = await claimed(store, await writePlan(store, 'r', [sourceNamed('a')]));
    const other = { ...executionOf(plan), executionArn: 'arn:of:another' };
    expect(await closeBroken(store, other)).toMatchObject({
      closed: false,
      why: `run r belongs to the execution ${plan.executionArn}, not to arn:of:another`,
    });
    expect(await closeBroken(store, { ...executionOf(plan), name: 'never-planned' })).toMatchObject({
      closed: false,
      why: 'no execution has claimed the run id never-planned',
    });
    await writeJson(store, runKeys('refused').claim, { ...(await claimOf(store)), runId: 'refused' });
    expect(await closeBroken(store, { ...executionOf(plan), name: 'refused' })).toMatchObject({
      closed: false,
      why: 'run refused was never planned: its execution ended in Plan',
    });
    expect(await isClosed(store, 'r')).toBe(false);
  });

  it('closeBroken closes a run whose claim has another start time than the event, because the execution is the same', async () => {
    const store = await aws.store();
    const plan = await writePlan(store, 'r', [sourceNamed('a')]);
    await claimed(store, { ...plan, startedAt: '2026-11-24T01:00:00.001Z' });
    expect(await closeBroken(store, executionOf(plan))).toMatchObject({ closed: true });
  });

  it('closeBroken returns how many loads may still be under way, and closes a run as broken if its loads are not done', async () => {
    const store = await aws.store();
    const load = loadSchema.parse({ table: 'raw.t', mode: 'append', options: { format: 'csv' } });
    const item = { ...sourceNamed('a', null), load };
    const plan = await claimed(store, await writePlan(store, 'r', [item], { loads: [load] }));
    await record(store, 'landed', landedRecord('r', item, store.bucket));
    const inOrder = await closeInOrder(store, 'r', { forced: false, reason: null });
    expect(inOrder).toMatchObject({ loads: 1, loadsToCancel: 0 });
    expect(await closeBroken(store, executionOf(plan))).toMatchObject({ loads: 0, loadsToCancel: 1 });
    expect(await finishRun(store, plan)).toMatchObject({ outcome: 'failed', execution: { status: 'ABORTED' } });
  });

  it('closeBroken finishes the end of a run that was closed in order, but whose manifest could not be written', async () => {
    const store = await aws.store();
    const item = sourceNamed('a', null);
    const plan = await claimed(store, await writePlan(store, 'r', [item]));
    await record(store, 'landed', landedRecord('r', item, store.bucket));
    await closeInOrder(store, 'r', { forced: false, reason: null });
    expect(await closeBroken(store, { ...executionOf(plan), status: 'FAILED' })).toMatchObject({ closed: true });
    expect(await finishRun(store, plan)).toMatchObject({ outcome: 'complete', forced: false, reason: null });
  });
});

describe('closeInOrder', () => {
  it('closeInOrder divides the end of a long run into pieces, and makes no pieces for a short run, which DoneState writes', async () => {
    const store = await aws.store();
    await writePlan(store, 'short', [sourceNamed('a')]);
    expect(await closeInOrder(store, 'short', { forced: false, reason: null })).toEqual({
      closed: true,
      runId: 'short',
      of: 1,
      pieces: [],
      loads: 0,
      loadsToCancel: 0,
    });
    await writePlan(store, 'long', [], { items: 1_000_000, batches: 20_000 });
    const long = await closeInOrder(store, 'long', { forced: false, reason: null });
    expect(long).toMatchObject({ of: 50 });
    expect(long.pieces).toEqual(Array.from({ length: 50 }, (_, n) => n));
    // Far below what may go from state to state.
    expect(JSON.stringify(long).length).toBeLessThan(1_000);
  });

  it('closeInOrder opens a run that was closed before a redrive, and closes it again', async () => {
    const store = await aws.store();
    const plan = await claimed(store, await writePlan(store, 'r', [sourceNamed('a')]));
    await closeBroken(store, executionOf(plan));
    await finishRun(store, plan);
    await closeInOrder(store, 'r', { forced: true, reason: 'late' });
    expect(await finishRun(store, plan)).toMatchObject({ outcome: 'partial', reason: 'late' });
  });
});
