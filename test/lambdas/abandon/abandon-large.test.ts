import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { abandonLarge } from '#lambdas/abandon/abandon-large.ts';
import type { SourceIngest } from '#lambdas/ingest/source-ingest.ts';
import { openBatch } from '#lambdas/open/open-batch.ts';
import { uploadSliceOf } from '#lambdas/slice/upload-slice-of.ts';
import { SourceGuard } from '#net/guard/source-guard.ts';
import { Credentials } from '#run/credentials/credentials.ts';
import { itemId } from '#run/ids.ts';
import type { SourceItem } from '#run/item.ts';
import { runKeys } from '#run/keys.ts';
import { isLost, readTransfer } from '#run/landing/large-transfer.ts';
import { failureSchema, handedSchema } from '#run/ledger/records.ts';
import { RunLimits } from '#run/limits/run-limits.ts';
import { readJson, type Store, writeJson } from '#run/store.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { recordedItems, writePlan } from '#test/helpers/run.ts';
import { openUploads } from '#test/helpers/s3-objects.ts';
import { startSourceServer } from '#test/helpers/source-server.ts';

const aws = useEmbeddedAws();
const MIB = 1_048_576;
const CHANGED = { name: 'SourceChangedError', cause: JSON.stringify({ errorMessage: 'ETag "b" instead of "a"' }) };

/** A run with one source of 70 MiB, which Open brings to slices. */
async function largeRun(slices: number) {
  const [store, queue] = [await aws.store(), await aws.queue()];
  const source = await startSourceServer({ file: { seed: 9, length: 70 * MIB } });
  const item: SourceItem = {
    kind: 'source',
    id: itemId(source.url, 'large.bin'),
    url: source.url,
    key: 'large.bin',
    process: null,
  };
  const guard = new SourceGuard({ openRanges: ['127.0.0.0/8'] });
  const ingest: SourceIngest = {
    store,
    credentials: new Credentials([], guard),
    limits: new RunLimits(store, 1_000_000_000),
    options: {
      connections: 2,
      bufferBytes: 5 * MIB,
      streamMemoryBytes: 24 * MIB,
      guard,
    },
    sliceBytes: 20 * MIB,
    sourcesAtOnce: 4,
  };
  await writePlan(store, 'r', [item]);
  const batch = runKeys('r').batch(0);
  await writeJson(store, batch, [item]);
  const deadline = new Date(Date.now() + 60_000);
  return {
    store,
    item: item.id,
    change: () =>
      source.setFile('/file', {
        seed: 10,
        length: 70 * MIB,
        etag: '"later"',
        lastModified: new Date('2026-11-24T02:00:00Z'),
      }),
    open: () => openBatch(ingest, async () => queue, { runId: 'r', batch, deadline, slices }),
    slice: (slice: number) => uploadSliceOf(ingest, { runId: 'r', item: item.id, slice, call: 1, deadline }),
    // In a process that reads the plan anew.
    lateSlice: (slice: number) =>
      uploadSliceOf(
        { ...ingest, limits: new RunLimits(store, 1_000_000_000) },
        { runId: 'r', item: item.id, slice, call: 1, deadline },
      ),
    abandon: (error: { name: string; cause: string }) => abandonLarge(ingest, 'r', item.id, error),
    messages: async () =>
      (await queue.client.send(new ReceiveMessageCommand({ QueueUrl: queue.url, MaxNumberOfMessages: 10 }))).Messages,
    [Symbol.asyncDispose]: () => source.stop(),
  };
}

const uploadsOf = async ({ client, bucket }: Store) => (await openUploads(client, bucket)).length;

describe('abandonLarge', () => {
  it('Abandon aborts an upload whose source changed, and Open begins again with the known versions', async () => {
    await using run = await largeRun(100);
    const { large } = await run.open();
    await run.slice(0);
    run.change();
    expect(await run.abandon(CHANGED)).toEqual({ again: true });
    // A retry of a call whose answer was lost.
    expect(await run.abandon(CHANGED)).toEqual({ again: true });
    expect(await uploadsOf(run.store)).toBe(0);
    expect(await recordedItems(run.store, 'r', 'failures')).toEqual(new Set());
    const lost = await readTransfer(run.store, 'r', run.item);
    expect(lost).toMatchObject({ state: null, beginning: 1, earlier: [{ total: 70 * MIB }] });
    // The first part by Open, and the other three of the slice.
    expect(lost?.bytesSpent).toBe(20 * MIB);

    expect((await run.open()).large).toEqual(large);
    const begun = await readTransfer(run.store, 'r', run.item);
    expect(begun).toMatchObject({ beginning: 2, bytesSpent: 20 * MIB });
    expect(begun !== undefined && isLost(begun)).toBe(false);
  });

  it('Abandon lets a transfer begin again after a vanished upload too, without a record against the source', async () => {
    await using run = await largeRun(100);
    await run.open();
    expect(await run.abandon({ name: 'UploadVanishedError', cause: '{}' })).toEqual({ again: true });
    expect(await readTransfer(run.store, 'r', run.item)).toMatchObject({ earlier: [] });
  });

  it("Abandon aborts a transfer that the run's deadline has stopped, and records no failure, because a late item has not failed", async () => {
    await using run = await largeRun(100);
    await run.open();
    await writePlan(run.store, 'r', [], { deadline: '2026-01-01T00:00:00.000Z' });
    const { name, message } = await run.lateSlice(0).then(
      () => new Error('it went on'),
      (error: Error) => error,
    );
    const late = { name, cause: JSON.stringify({ errorMessage: message }) };
    expect(late.name).toBe('RunDeadlineError');
    for (let call = 0; call < 2; call++) expect(await run.abandon(late)).toEqual({ again: false });
    expect(await uploadsOf(run.store)).toBe(0);
    expect(await recordedItems(run.store, 'r', 'failures')).toEqual(new Set());
  });

  it('Abandon records an error that another attempt can’t correct', async () => {
    await using run = await largeRun(100);
    await run.open();
    const refused = { name: 'SourceRefusedError', cause: JSON.stringify({ errorMessage: 'answered 403' }) };
    expect(await run.abandon(refused)).toEqual({ again: false });
    expect(await uploadsOf(run.store)).toBe(0);
    expect(await readJson(run.store, runKeys('r').record('failures', run.item), failureSchema)).toMatchObject({
      stage: 'transfer',
      problem: { error: 'SourceRefusedError', detail: 'answered 403' },
    });
  });

  it('Abandon records a failure for a source that changes each time', async () => {
    await using run = await largeRun(100);
    const vanished = { name: 'UploadVanishedError', cause: '{}' };
    for (let beginning = 1; beginning <= 3; beginning++) {
      await run.open();
      expect(await run.abandon(vanished), `beginning ${beginning}`).toEqual({ again: true });
    }
    await run.open();
    expect(await run.abandon(CHANGED)).toEqual({ again: false });
    expect(await readJson(run.store, runKeys('r').record('failures', run.item), failureSchema)).toMatchObject({
      problem: { error: 'SourceKeepsChangingError', detail: expect.stringContaining('began 4 times') },
    });
  });

  it('Abandon gives a source to the workers if its batch has no budget for more slices', async () => {
    await using run = await largeRun(2);
    await run.open();
    await run.abandon({ name: 'UploadVanishedError', cause: '{}' });
    expect(await run.open()).toMatchObject({ left: 0, large: [] });
    expect(await readJson(run.store, runKeys('r').record('handed', run.item), handedSchema)).toMatchObject({
      reason: expect.stringContaining('no room for more slices'),
      bytesSpent: 5 * MIB,
    });
    expect(await run.messages()).toHaveLength(1);
  });
});
