import { GetObjectCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { afterEach, expect, it } from 'vitest';
import { z } from 'zod';
import { defineProcessor, type Processor } from '#processors/contract/processor.ts';
import { fetchMessageOf } from '#run/fleet/message-of.ts';
import { itemId } from '#run/ids.ts';
import type { SourceItem } from '#run/item.ts';
import { runKeys } from '#run/keys.ts';
import { landedSchema } from '#run/ledger/records.ts';
import { listKeys, readJson } from '#run/store.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { recordedItems } from '#test/helpers/run.ts';
import { startWeb, type Web } from '#test/helpers/web.ts';
import { WorkerRig } from '#test/helpers/worker.ts';

const aws = useEmbeddedAws();
let web: Web | undefined;
afterEach(() => web?.stop());

const size = defineProcessor({
  name: 'profile',
  options: z.strictObject({}),
  async process(item, context) {
    let bytes = 0;
    for await (const chunk of context.openInput()) bytes += chunk.length;
    return { key: item.object?.key ?? null, bytes, stated: item.object?.bytes ?? null };
  },
}) as Processor;

async function rig(runId: string): Promise<WorkerRig> {
  return new WorkerRig(await aws.store(), await aws.queue(), runId, [size]);
}

function source(url: string, process: SourceItem['process'] = { processor: 'profile', options: {} }): SourceItem {
  return { kind: 'source', id: itemId(url), url, key: 'raw/stream.bin', process };
}

const landedOf = (test: WorkerRig, item: SourceItem) =>
  readJson(test.store, runKeys(test.runId).record('landed', item.id), landedSchema);

it('a worker lands a source, and sends it to its processor', async () => {
  // Chunked, without a length and without ranges: what a Lambda gives up where it takes long.
  web = await startWeb((_request, response) => {
    for (let count = 0; count < 100; count++) response.write('x'.repeat(1_000));
    response.end();
  });
  const test = await rig('fetch-1');
  const item = source(`${web.url}/stream?token=secret`);
  const message = fetchMessageOf(test.runId, item);
  await test.send(message);
  expect(await test.work()).toMatchObject({ done: 2, failed: 0 });
  expect(await landedOf(test, item)).toMatchObject({
    status: 'landed',
    bytes: 100_000,
    key: item.key,
    url: expect.not.stringContaining('secret'),
  });
  expect(await test.result(message)).toMatchObject({
    attempt: 1,
    result: { key: item.key, bytes: 100_000, stated: 100_000 },
  });
  const object = await test.store.client.send(new GetObjectCommand({ Bucket: test.store.bucket, Key: item.key }));
  expect(await object.Body?.transformToString()).toBe('x'.repeat(100_000));
});

it('a worker fetches nothing twice, but dispatches again what was landed before', async () => {
  web = await startWeb((_request, response) => void response.end('content'));
  const test = await rig('fetch-2');
  const item = source(`${web.url}/once`);
  const message = fetchMessageOf(test.runId, item);
  await test.send(message);
  await test.work();
  const asked = web.requests.length;
  await test.send(message);
  // The fetch finds it landed, and the process message finds its result.
  expect(await test.work()).toMatchObject({ skipped: 2, done: 0 });
  expect(web.requests).toHaveLength(asked);
});

it('a worker lands a source without a processor', async () => {
  web = await startWeb((_request, response) => void response.end('content'));
  const test = await rig('fetch-3');
  const item = source(`${web.url}/plain`, null);
  await test.send(fetchMessageOf(test.runId, item));
  expect(await test.work()).toMatchObject({ done: 1 });
  expect(await landedOf(test, item)).toMatchObject({ bytes: 7 });
});

it('a worker fails an item at once if the source refuses, with the stage transfer', async () => {
  web = await startWeb((_request, response) => void response.writeHead(404).end());
  const test = await rig('fetch-4');
  const message = fetchMessageOf(test.runId, source(`${web.url}/gone`));
  await test.send(message);
  expect(await test.work()).toMatchObject({ failed: 1, retry: 0 });
  expect(await test.failure(message)).toMatchObject({ stage: 'transfer', problem: { error: 'SourceRefusedError' } });
});

it('a worker returns an item without counting the attempt if the source asks for a long wait', async () => {
  web = await startWeb((_request, response) => void response.writeHead(503, { 'retry-after': '90' }).end());
  const test = await rig('fetch-5');
  const item = source(`${web.url}/busy`);
  const message = fetchMessageOf(test.runId, item);
  await test.send(message);
  const stop = new AbortController();
  const working = test.work({}, stop.signal);
  const marks = async () =>
    (await Array.fromAsync(listKeys(test.store, runKeys(test.runId).attempts(item.id)))).map((key) => key.slice(-18));
  await expect.poll(marks).toContain('1-interrupted.json');
  stop.abort();
  expect(await working).toMatchObject({ retry: 1, failed: 0 });
  expect(await test.messagesLeft()).toEqual({ visible: 0, inFlight: 1 });
});

it('a worker that is stopped returns a source, and leaves no upload', async () => {
  web = await startWeb((_request, response) => {
    const more = setInterval(() => response.write('y'.repeat(1_048_576)), 20);
    response.once('close', () => clearInterval(more));
  });
  const test = await rig('fetch-6');
  await test.send(fetchMessageOf(test.runId, source(`${web.url}/endless`)));
  const stop = new AbortController();
  const working = test.work({}, stop.signal);
  const uploads = async () =>
    (await test.store.client.send(new ListMultipartUploadsCommand({ Bucket: test.store.bucket }))).Uploads?.length ?? 0;
  await expect.poll(uploads).toBe(1);
  stop.abort();
  expect(await working).toMatchObject({ returned: 1 });
  expect(await uploads()).toBe(0);
  expect(await Array.fromAsync(listKeys(test.store, 'raw/'))).toEqual([]);
  expect((await recordedItems(test.store, test.runId, 'failures')).size).toBe(0);
});
