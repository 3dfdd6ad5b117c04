import { PutObjectCommand } from '@aws-sdk/client-s3';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeLarge } from '#lambdas/close/close-large.ts';
import type { SourceIngest } from '#lambdas/ingest/source-ingest.ts';
import { type OpenRequest, openBatch } from '#lambdas/open/open-batch.ts';
import { readInput } from '#lambdas/plan/input.ts';
import { planRun } from '#lambdas/plan/plan.ts';
import { uploadSliceOf } from '#lambdas/slice/upload-slice-of.ts';
import { SourceGuard } from '#net/guard/source-guard.ts';
import { Credentials } from '#run/credentials/credentials.ts';
import { closeRun } from '#run/end/closing.ts';
import { finishRun } from '#run/end/finish.ts';
import type { Queue } from '#run/fleet/dispatch.ts';
import { itemId } from '#run/ids.ts';
import type { SourceItem, WorkItem } from '#run/item.ts';
import { runKeys } from '#run/keys.ts';
import { record } from '#run/ledger/ledger.ts';
import { failureSchema, landedSchema } from '#run/ledger/records.ts';
import { RunLimits } from '#run/limits/run-limits.ts';
import { readPlanSummary } from '#run/plan/plan-summary.ts';
import { gateSchema } from '#run/settings/gate.ts';
import { readJson, type Store, writeJson } from '#run/store.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { assumeRole, createRole } from '#test/helpers/iam.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import { landedRecord, profile, recordedItems, resultRecord, writePlan } from '#test/helpers/run.ts';
import { objectSha256, openUploads } from '#test/helpers/s3-objects.ts';
import { contentSha256, startSourceServer } from '#test/helpers/source-server.ts';
import { csvNamed, startWeb, type Web } from '#test/helpers/web.ts';

const aws = useEmbeddedAws();
const MIB = 1_048_576;
let web: Web;

beforeAll(async () => {
  web = await startWeb((request, response) => {
    if (request.url?.startsWith('/missing')) return void response.writeHead(404).end();
    if (request.url?.startsWith('/later')) return void response.writeHead(503, { 'retry-after': '120' }).end();
    if (request.url === '/never-ends') return void response.writeHead(200, { 'content-length': 1_000 }).write('a,b');
    if (request.url?.startsWith('/login'))
      return void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>');
    const body = csvNamed(request.url ?? '');
    response.writeHead(200, { 'content-length': Buffer.byteLength(body) }).end(body);
  });
});
afterAll(() => web.stop());

const ingestOn = (store: Store): SourceIngest => ({
  store,
  credentials: new Credentials([], LOOPBACK),
  limits: new RunLimits(store, 1_000_000_000),
  options: {
    connections: 2,
    bufferBytes: 5 * MIB,
    streamMemoryBytes: 24 * MIB,
    guard: new SourceGuard({ openRanges: ['127.0.0.0/8'] }),
  },
  sliceBytes: 20 * MIB,
  sourcesAtOnce: 4,
});

function sourceAt(url: string, process = profile as SourceItem['process']): SourceItem {
  const key = `landed/${new URL(url).port}${new URL(url).pathname}`;
  return { kind: 'source', id: itemId(url, key), url, key, process };
}

async function landedEarlier(store: Store, item: SourceItem, body: string): Promise<void> {
  await store.client.send(new PutObjectCommand({ Bucket: store.bucket, Key: item.key, Body: body }));
  const landed = landedRecord('earlier', item, store.bucket);
  await record(store, 'landed', { ...landed, bytes: body.length, at: new Date(Date.now() + 5_000).toISOString() });
}

async function batchOf(store: Store, items: readonly (SourceItem | WorkItem)[]): Promise<OpenRequest> {
  await writePlan(store, 'r', [items[0] as SourceItem]);
  const batch = runKeys('r').batch(0);
  await writeJson(store, batch, items);
  return { runId: 'r', batch, deadline: new Date(Date.now() + 60_000), slices: 100 };
}

async function received({ client, url }: Queue): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const { Messages = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10 }));
    if (Messages.length === 0) return ids.sort();
    ids.push(...Messages.map((message) => JSON.parse(message.Body ?? '').item as string));
  }
}

describe('openBatch', () => {
  it('Open lands small sources, dispatches objects and work, and records failures', async () => {
    const [store, queue] = [await aws.store(), await aws.queue()];
    const [good, plain, missing] = [
      sourceAt(`${web.url}/good`),
      sourceAt(`${web.url}/plain`, null),
      sourceAt(`${web.url}/missing`),
    ] as const;
    const work: WorkItem = { kind: 'work', id: 'f'.repeat(32), name: 'work', process: profile, input: null };
    const answer = await openBatch(
      ingestOn(store),
      async () => queue,
      await batchOf(store, [good, plain, missing, work]),
    );
    expect(answer).toEqual({ left: 0, waitSeconds: 0, startWorkers: true, large: [] });
    expect(await recordedItems(store, 'r', 'landed')).toEqual(new Set([good.id, plain.id]));
    expect(await recordedItems(store, 'r', 'failures')).toEqual(new Set([missing.id]));
    expect(await received(queue)).toEqual([good.id, work.id].sort());
  });

  it("Open refuses a source by the input's expect.contentType, and records a note for HTML where none is expected", async () => {
    const [store, queue] = [await aws.store(), await aws.queue()];
    const refused = { url: `${web.url}/login/january.csv`, expect: { contentType: 'text/csv' } };
    const noted = { url: `${web.url}/login/february.csv` };
    const gate = gateSchema.parse({});
    const input = readInput(
      { sources: [refused, noted] },
      { ...{ runId: 'r', processors: [] }, defaultInput: undefined, gate },
    );
    const executionArn = 'arn:aws:states:us-east-1:000000000000:execution:sluice:r';
    await planRun(store, {
      ...{ input, processors: [], sourcesPerBatch: 50, limits: { items: 200, hours: 2 } },
      ...{ hasWarehouse: false, hasEnded: async () => false, sourceGuard: LOOPBACK },
      claim: { v: 1, runId: 'r', executionArn, startedAt: new Date().toISOString() },
    });
    const deadline = new Date(Date.now() + 60_000);
    for (const index of [0, 1]) {
      const request = { runId: 'r', batch: runKeys('r').batch(index), deadline, slices: 100 };
      expect(await openBatch(ingestOn(store), async () => queue, request)).toMatchObject({ left: 0 });
    }
    const [failed = ''] = await recordedItems(store, 'r', 'failures');
    expect(await readJson(store, runKeys('r').record('failures', failed), failureSchema)).toMatchObject({
      name: expect.stringContaining('january.csv'),
      problem: { code: 'proof-failed', detail: expect.stringContaining('text/html') },
    });
    const [landed = ''] = await recordedItems(store, 'r', 'landed');
    expect(await readJson(store, runKeys('r').record('landed', landed), landedSchema)).toMatchObject({
      name: expect.stringContaining('february.csv'),
      contentType: 'text/html',
      notes: [expect.stringMatching(/a page of HTML/)],
    });
  });

  it('Open records no failure for a landed object if something fails afterwards, and a second call completes it', async () => {
    const [store, queue] = [await aws.store(), await aws.queue()];
    const good = sourceAt(`${web.url}/good`);
    const ingest = ingestOn(store);
    const request = await batchOf(store, [good]);
    const broken = new RunLimits(store, 1_000_000_000);
    broken.spend = () => Promise.reject(new Error('S3 is away'));
    await expect(openBatch({ ...ingest, limits: broken }, async () => queue, request)).rejects.toThrow('S3 is away');
    expect(await recordedItems(store, 'r', 'failures')).toEqual(new Set());
    await openBatch(ingest, async () => queue, request);
    expect(await recordedItems(store, 'r', 'landed')).toEqual(new Set([good.id]));
    expect(await received(queue)).toEqual([good.id]);
  });

  it('Open records once for the manifest that SQS permits it no messages, and fails so that it is called again', async () => {
    const [store, queue] = [await aws.store(), await aws.queue()];
    const keys = await assumeRole(aws.client(), await createRole(aws.client(), 'MayNotSend', 'root', []));
    const denied = { ...queue, client: new SQSClient({ ...aws.client(), credentials: keys }) };
    const good = sourceAt(`${web.url}/good`);
    const request = await batchOf(store, [good]);
    for (let call = 0; call < 2; call++) {
      await expect(openBatch(ingestOn(store), async () => denied, request)).rejects.toThrow('not authorized');
    }
    expect(await recordedItems(store, 'r', 'landed')).toEqual(new Set([good.id]));
    const plan = await readPlanSummary(store, 'r');
    await closeRun(store, 'r', { forced: true, reason: 'late' });
    expect((await finishRun(store, plan))?.notes).toEqual([
      expect.objectContaining({
        code: 'dispatch-failed',
        type: 'docs/errors.md#dispatch-failed',
        detail: expect.stringMatching(/^items could not be sent to the workers: AccessDenied.*sqs:SendMessage/i),
        mend: expect.stringContaining('npx sluice retry r'),
      }),
    ]);
  });

  it('Open begins no more sources after the run has read its limit, or its time is up', async () => {
    const [store, queue] = [await aws.store(), await aws.queue()];
    const items = ['a', 'b', 'c'].map((name) => sourceAt(`${web.url}/${name}`, null));
    const request = await batchOf(store, items);
    const [first, ...rest] = items.map(({ id }) => id);
    const ingest = { ...ingestOn(store), limits: new RunLimits(store, 1_000), sourcesAtOnce: 1 };
    expect(await openBatch(ingest, async () => queue, request)).toMatchObject({ left: 0 });
    const failures = await Promise.all(
      rest.map((id) => readJson(store, runKeys('r').record('failures', id), failureSchema)),
    );
    for (const failure of failures)
      expect(failure?.problem).toMatchObject({ code: 'run-limit', error: 'RunLimitError' });
    expect(await readJson(store, runKeys('r').record('landed', first as string), landedSchema)).toBeDefined();
    // Another process knows of it, and one whose time is up.
    await expect(new RunLimits(store, 100).check('r')).rejects.toThrow(/limits\.runGiB/);
    await expect(new RunLimits(store, 1_000_000).check('r')).resolves.toBeUndefined();
    await writePlan(store, 'past', [], { stopAt: '2026-01-01T00:00:00.000Z' });
    await expect(new RunLimits(store, 100).check('past')).rejects.toThrow(/limits\.hours/);
  });

  it("Open begins no source after the run's deadline, and interrupts transfers under way: a late item has not failed", async () => {
    const [store, queue] = [await aws.store(), await aws.queue()];
    const [begun, next] = [sourceAt(`${web.url}/never-ends`, null), sourceAt(`${web.url}/after-it`, null)] as const;
    const request = await batchOf(store, [begun, next]);
    await writePlan(store, 'r', [begun, next], { deadline: new Date(Date.now() + 1_500).toISOString() });
    const ingest = { ...ingestOn(store), limits: new RunLimits(store, 1_000_000), sourcesAtOnce: 1 };
    expect(await openBatch(ingest, async () => queue, request)).toMatchObject({ left: 0, large: [] });
    expect(await recordedItems(store, 'r', 'failures')).toEqual(new Set());
    expect(await recordedItems(store, 'r', 'landed')).toEqual(new Set());
    expect(await openUploads(store.client, store.bucket)).toEqual([]);
    expect(web.requests).not.toContain('GET /after-it');
    expect(await received(queue)).toEqual([]);
  });

  it('Open counts the bytes that many sources have read at once', async () => {
    const store = await aws.store();
    await Promise.all(
      Array.from({ length: 12 }, async () => {
        const limits = new RunLimits(store, 100);
        await limits.spend('many', 5);
        await limits.flush('many');
      }),
    );
    await expect(new RunLimits(store, 60).check('many')).rejects.toThrow('60 bytes of the allowed 60');
    await expect(new RunLimits(store, 61).check('many')).resolves.toBeUndefined();
  });

  it('a second call of Open lands nothing again, but dispatches the items again that no worker has recorded', async () => {
    const [store, queue] = [await aws.store(), await aws.queue()];
    const [answered, silent] = [sourceAt(`${web.url}/answered`), sourceAt(`${web.url}/silent`)] as const;
    const request = await batchOf(store, [answered, silent]);
    await openBatch(ingestOn(store), async () => queue, request);
    await received(queue);
    await record(store, 'results', resultRecord('r', answered));
    const before = web.requests.length;
    expect(await openBatch(ingestOn(store), async () => queue, request)).toMatchObject({ left: 0, large: [] });
    expect(web.requests.length).toBe(before);
    expect(await received(queue)).toEqual([silent.id]);
  });

  it('Open leaves sources for the next call if it has no time for them', async () => {
    const [store, queue] = [await aws.store(), await aws.queue()];
    const item = sourceAt(`${web.url}/in-time`);
    const request = await batchOf(store, [item]);
    const late = { ...request, deadline: new Date() };
    expect(await openBatch(ingestOn(store), async () => queue, late)).toMatchObject({ left: 1, waitSeconds: 0 });
    expect(await openBatch(ingestOn(store), async () => queue, request)).toMatchObject({ left: 0 });
    expect(await recordedItems(store, 'r', 'landed')).toEqual(new Set([item.id]));
  });

  it('Open returns how long a source asks it to wait, and records no failure', async () => {
    const [store, queue] = [await aws.store(), await aws.queue()];
    const answer = await openBatch(
      ingestOn(store),
      async () => queue,
      await batchOf(store, [sourceAt(`${web.url}/later`)]),
    );
    expect(answer.left).toBe(1);
    expect(answer.waitSeconds).toBeGreaterThan(100);
    expect(answer.waitSeconds).toBeLessThanOrEqual(120);
    expect(await recordedItems(store, 'r', 'failures')).toEqual(new Set());
  });

  it('Open divides a large object into slices, and Slice and Close complete it', async () => {
    const [store, queue] = [await aws.store(), await aws.queue()];
    const ingest = ingestOn(store);
    const length = 70 * MIB;
    await using source = await startSourceServer({ file: { seed: 9, length } });
    const item = sourceAt(source.url);
    const request = await batchOf(store, [item]);
    const { large } = await openBatch(ingest, async () => queue, request);
    expect(large).toEqual([{ item: item.id, slices: [0, 1, 2, 3] }]);
    // A second call names the same slices, and begins no second upload.
    expect((await openBatch(ingest, async () => queue, request)).large).toEqual(large);
    expect(await openUploads(store.client, store.bucket)).toHaveLength(1);

    for (const slice of large[0]?.slices ?? []) {
      const call = { runId: 'r', item: item.id, slice, call: 1, deadline: request.deadline };
      expect(await uploadSliceOf(ingest, call)).toEqual({ done: true, waitSeconds: 0 });
    }
    await closeLarge(ingest, async () => queue, 'r', item.id);
    expect(await readJson(store, runKeys('r').record('landed', item.id), landedSchema)).toMatchObject({
      bytes: length,
      parts: 14,
      proofs: { held: ['size', 'crc32'] },
      notes: [],
    });
    expect(await objectSha256(store.client, store.bucket, item.key)).toBe(contentSha256(9, length));
    expect(await received(queue)).toEqual([item.id]);
  });

  it('Open keeps a batch within its budget of slices by making slices larger', async () => {
    const [store, queue] = [await aws.store(), await aws.queue()];
    await using source = await startSourceServer({ file: { seed: 9, length: 70 * MIB } });
    const request = { ...(await batchOf(store, [sourceAt(source.url)])), slices: 4 };
    const { large } = await openBatch(ingestOn(store), async () => queue, request);
    // The other two are reserved for new beginnings.
    expect(large[0]?.slices).toEqual([0, 1]);
  });
});

it('Open does not land an object again that an earlier run has landed and not processed, whatever its source answers now', async () => {
  const [store, queue] = [await aws.store(), await aws.queue()];
  const item = { ...sourceAt(`${web.url}/missing/gone.csv`), landedIn: 'earlier' };
  await landedEarlier(store, item, 'a,b\n1,2\n');
  await openBatch(ingestOn(store), async () => queue, await batchOf(store, [item]));
  expect(await readJson(store, runKeys('r').record('landed', item.id), landedSchema)).toMatchObject({
    ...{ runId: 'r', status: 'unchanged', bytes: 8 },
    notes: [expect.stringContaining('landed by run earlier')],
  });
  expect(await received(queue)).toEqual([item.id]);
});

it('Open lands an object again that has changed since the earlier record', async () => {
  const [store, queue] = [await aws.store(), await aws.queue()];
  const item = { ...sourceAt(`${web.url}/a.csv`), landedIn: 'earlier' };
  await landedEarlier(store, item, 'a,b\n1,2\n');
  await store.client.send(new PutObjectCommand({ Bucket: store.bucket, Key: item.key, Body: 'another' }));
  await openBatch(ingestOn(store), async () => queue, await batchOf(store, [item]));
  expect(await readJson(store, runKeys('r').record('landed', item.id), landedSchema)).toMatchObject({
    status: 'landed',
  });
});
