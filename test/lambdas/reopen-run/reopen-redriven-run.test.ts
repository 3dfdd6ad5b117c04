import { GetObjectCommand } from '@aws-sdk/client-s3';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { type BrokenExecution, closeBroken } from '#lambdas/close-run/close-run.ts';
import { reopenRedrivenRun } from '#lambdas/reopen-run/reopen-redriven-run.ts';
import { finishRun } from '#run/end/finish.ts';
import { manifestSchema } from '#run/end/manifest.ts';
import { reopenRun } from '#run/end/reopen.ts';
import { runKeys } from '#run/keys.ts';
import { isClosed, record, recordResult } from '#run/ledger/ledger.ts';
import type { PlanSummary } from '#run/plan/plan-summary.ts';
import { listKeys, readJson, type Store, writeJson } from '#run/store.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { endRun, landedRecord, resultRecord, sourceNamed, writePlan } from '#test/helpers/run.ts';

const aws = useEmbeddedAws();
const keys = runKeys('r');
const [first, second] = [sourceNamed('a'), sourceNamed('b')] as const;

let store: Store;
let plan: PlanSummary;

beforeEach(async () => {
  store = await aws.store();
  plan = await writePlan(store, 'r', [first, second]);
  const { runId, executionArn, startedAt } = plan;
  await writeJson(store, keys.claim, { v: 1, runId, executionArn, startedAt });
  await record(store, 'landed', landedRecord('r', first, store.bucket));
  await record(store, 'results', resultRecord('r', first));
});

const ended = (redriveCount = 0): BrokenExecution => ({
  executionArn: plan.executionArn,
  name: 'r',
  status: 'ABORTED',
  redriveCount,
});
const redriven = (redriveCount = 1) => ({ ...ended(), redriveCount });
/** What the state machine that EventBridge starts does. */
async function closeEndedRun(store: Store, execution: BrokenExecution): Promise<boolean> {
  const { closed } = await closeBroken(store, execution);
  if (closed) await finishRun(store, plan);
  return closed;
}
const reopens = async (...args: Parameters<typeof reopenRedrivenRun>) => (await reopenRedrivenRun(...args)).reopened;
const manifest = () => readJson(store, keys.manifest, manifestSchema);

async function earlierManifests(): Promise<string[]> {
  const found: string[] = [];
  for await (const key of listKeys(store, 'runs/r/manifests/')) found.push(key);
  return found;
}

describe('a redriven execution', () => {
  it('a redriven execution finds its run open, ends it again, and keeps the manifest of the undone end', async () => {
    await closeEndedRun(store, ended());
    const before = await manifest();
    expect(before).toMatchObject({ outcome: 'failed', execution: { status: 'ABORTED', redriveCount: 0 } });

    expect(await reopens(store, redriven())).toBe(true);
    expect(await isClosed(store, 'r')).toBe(false);
    expect(await manifest()).toBeUndefined();
    const [kept = ''] = await earlierManifests();
    expect(await readJson(store, kept, manifestSchema)).toEqual(before);

    await record(store, 'landed', landedRecord('r', second, store.bucket));
    expect(await recordResult(store, resultRecord('r', second))).toBe('written');
    const after = await endRun(store, plan, { forced: false, reason: null });
    expect(after).toMatchObject({ outcome: 'complete', counts: { done: 2 } });
    expect(after).not.toHaveProperty('execution');
  });

  it('a run is not opened twice, and an end after the redrive is not undone', async () => {
    await closeEndedRun(store, ended());
    expect(await reopens(store, redriven())).toBe(true);
    expect(await reopens(store, redriven())).toBe(false);
    await closeEndedRun(store, ended(1));
    expect(await reopens(store, redriven(1))).toBe(false);
    expect(await manifest()).toMatchObject({ execution: { redriveCount: 1 } });
    expect(await reopens(store, redriven(2))).toBe(true);
    expect(await earlierManifests()).toHaveLength(2);
  });

  it('an end by DoneState is not undone: Late and Failed are final', async () => {
    const { closedAt } = await endRun(store, plan, { forced: true, reason: 'late' });
    expect(await reopens(store, redriven())).toBe(false);
    expect(await manifest()).toMatchObject({ closedAt, outcome: 'partial' });
    expect(await isClosed(store, 'r')).toBe(true);
  });

  it('a delayed event about an earlier end does not close the run', async () => {
    expect(await reopens(store, redriven())).toBe(false);
    expect(await closeEndedRun(store, ended(0))).toBe(false);
    expect(await isClosed(store, 'r')).toBe(false);
  });

  it('the run is open in the end if both events come at once', async () => {
    await Promise.all([closeEndedRun(store, ended(0)), reopenRedrivenRun(store, redriven())]);
    expect(await isClosed(store, 'r')).toBe(false);
    expect(await manifest()).toBeUndefined();
  });

  it('a repeated call continues where an earlier call died half-way', async () => {
    await closeEndedRun(store, ended());
    const { client } = store;
    const send = vi.spyOn(client, 'send');
    // Dies behind the manifest, before the closing.
    send.mockImplementation(((command: object) =>
      JSON.stringify(command).includes(`"${keys.closed}"`) && command.constructor.name === 'DeleteObjectCommand'
        ? Promise.reject(new Error('died'))
        : client.constructor.prototype.send.call(client, command)) as typeof client.send);
    await expect(reopenRedrivenRun(store, redriven())).rejects.toThrow('died');
    send.mockRestore();
    expect(await isClosed(store, 'r')).toBe(true);
    expect(await reopens(store, redriven())).toBe(true);
    expect(await isClosed(store, 'r')).toBe(false);
  });

  it('the end of another execution with that name is not changed', async () => {
    await closeEndedRun(store, ended());
    expect(await reopens(store, { ...redriven(), executionArn: 'arn:another' })).toBe(false);
    expect(await reopens(store, { ...redriven(), name: 'never-planned' })).toBe(false);
    expect(await isClosed(store, 'r')).toBe(true);
  });

  it('DoneState opens the run if the execution reaches it before EventBridge has reported the redrive', async () => {
    await closeEndedRun(store, ended());
    expect(await reopenRun(store, 'r')).toBe(true);
    const again = await endRun(store, plan, { forced: true, reason: 'late' });
    expect(again).toMatchObject({ outcome: 'partial', reason: 'late' });
    const report = await store.client.send(new GetObjectCommand({ Bucket: store.bucket, Key: keys.report }));
    expect(await report.Body?.transformToString()).toContain('partial');
  });
});
