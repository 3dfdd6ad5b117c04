import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { buildWorkerBundle } from '#lib/bundling/worker-bundle.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { startWeb, type Web } from '#test/helpers/web.ts';
import { WorkerRig } from '#test/helpers/worker.ts';
import { useWorkerProcesses, workerVariables } from '#test/helpers/worker-process.ts';

const aws = useEmbeddedAws();
const workers = useWorkerProcesses();
const { start } = workers;
let web: Web | undefined;
afterEach(async () => {
  await web?.stop();
  web = undefined;
});

async function rig(): Promise<{ test: WorkerRig; environment: Record<string, string> }> {
  const test = new WorkerRig(await aws.store(), await aws.queue(), 'run-1', []);
  return { test, environment: await workers.install(test, aws.client()) };
}

/** A site whose one page is held until `release`. */
async function heldSite(): Promise<{ url: string; asked: () => number; release: () => void }> {
  let held = true;
  const waiting: (() => void)[] = [];
  web = await startWeb((request, response) => {
    if (request.url === '/robots.txt') return void response.writeHead(404).end();
    const answer = (): void => void response.writeHead(200, { 'content-type': 'text/html' }).end('<title>held</title>');
    if (held) waiting.push(answer);
    else answer();
  });
  const { url, requests } = web;
  return {
    url: `${url}/page`,
    asked: () => requests.filter((request) => request === 'GET /page').length,
    release: () => {
      held = false;
      for (const answer of waiting) answer();
    },
  };
}

async function landed(
  test: WorkerRig,
  body: string,
  name = 'table.csv',
): Promise<{ bucket: string; key: string; bytes: number }> {
  const { bucket } = test.store;
  const key = `landed/${name}`;
  await test.store.client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
  return { bucket, key, bytes: body.length };
}

describe("the container's command", () => {
  it("the container's command is not a shell, and far below the size limit of a task definition", () => {
    const command = workers.command();
    expect(command.slice(0, 2)).toEqual(['node', '-e']);
    expect(command).toHaveLength(3);
    expect(Buffer.byteLength(JSON.stringify(command))).toBeLessThan(30 * 1_024);
  });

  it('the same sources give the same bundle', { tags: ['heavy'] }, () => {
    expect(buildWorkerBundle(join(workers.folder(), 'again')).sha256).toBe(workers.sha256());
  });

  it("the container's command fetches the bundle, works, and ends when the queue is empty", async () => {
    const { test, environment } = await rig();
    // Text, for which no DuckDB is needed.
    const text = 'a note\nof two lines\n';
    const message = test.message('note', 'profile', { object: await landed(test, text, 'note.txt') });
    await test.send(message);
    const worker = start(environment);
    expect(await worker.exited).toBe(0);
    expect(await test.result(message)).toMatchObject({ result: { format: 'text', rows: 2, bytes: text.length } });
    expect(worker.lines()).toContainEqual(
      expect.objectContaining({
        level: 'INFO',
        message: 'ends',
        outcome: 'done',
        runId: 'run-1',
        item: message.item,
        attempt: 1,
      }),
    );
    expect(worker.lines().at(-1)).toMatchObject({ message: 'leaves', reason: 'the queue is empty', done: 1 });
    expect((await readdir(workers.folder())).filter((name) => name.startsWith('sluice-worker-'))).toEqual([]);
  });

  it('a worker fetches DuckDB with the first item that needs it, and leaves nothing of it behind', async () => {
    const { test, environment } = await rig();
    const object = await landed(test, 'id,name\n1,a\n2,b\n');
    const message = test.message('table', 'parquet', { object, process: { processor: 'parquet', options: {} } });
    await test.send(message);
    const worker = start({ ...environment, ...(await workers.installDuckDb(test)) });
    expect(await worker.exited).toBe(0);
    const result = await test.result(message);
    expect(result).toMatchObject({ result: { rows: 2, schema: [{ type: 'BIGINT' }, { type: 'VARCHAR' }] } });
    expect(result?.outputs).toMatchObject([{ key: `output/run-1/${message.item}/1/data.parquet` }]);
    expect((await readdir(workers.folder())).filter((name) => name.startsWith('sluice-'))).toEqual([]);
  });

  it('a worker fetches DuckDB once: its second process finds it on the disk', async () => {
    const { test, environment } = await rig();
    const parquet = { process: { processor: 'parquet', options: {} } } as const;
    const first = test.message('table', 'parquet', { object: await landed(test, 'id,name\n1,a\n2,b\n'), ...parquet });
    // What fails is a failure of its process too, which is not used again.
    const text = test.message('text', 'parquet', { object: await landed(test, 'a note\n', 'note.txt'), ...parquet });
    const second = test.message('again', 'parquet', {
      object: await landed(test, 'id,name\n3,c\n4,d\n', 'again.csv'),
      ...parquet,
    });
    const native = await workers.installDuckDb(test);
    const worker = start({ ...environment, ...native, ...workerVariables({ itemsAtOnce: 1, idleSeconds: 20 }) });
    await test.send(first);
    await vi.waitFor(async () => expect(await test.result(first)).toBeDefined(), { timeout: 180_000 });
    await test.send(text);
    await vi.waitFor(async () => expect(await test.failure(text)).toBeDefined(), { timeout: 180_000 });
    await workers.removeDuckDb(test);
    await test.send(second);
    await vi.waitFor(async () => expect(await test.result(second)).toMatchObject({ result: { rows: 2 } }), {
      timeout: 180_000,
    });
    worker.child.kill('SIGTERM');
    expect(await worker.exited).toBe(0);
    expect((await readdir(workers.folder())).filter((name) => name.startsWith('sluice-'))).toEqual([]);
  });

  it('a worker loads no native file with another checksum', { tags: ['heavy'] }, async () => {
    const { test, environment } = await rig();
    const object = await landed(test, 'id,name\n1,a\n');
    const message = test.message('table', 'parquet', { object, process: { processor: 'parquet', options: {} } });
    await test.send(message);
    const { SLUICE_DUCKDB_FILES: files } = await workers.installDuckDb(test);
    const other = files.replace(/"sha256":"[0-9a-f]{64}"/, `"sha256":"${'0'.repeat(64)}"`);
    const worker = start({ ...environment, ...workerVariables({ retrySeconds: 1 }), SLUICE_DUCKDB_FILES: other });
    expect(await worker.exited).toBe(0);
    expect(await test.failure(message)).toMatchObject({ attempts: 3, problem: { error: 'NativeFileError' } });
  });

  it('an item fails with its reason if the worker was deployed without DuckDB', async () => {
    const { test, environment } = await rig();
    const object = await landed(test, 'id,name\n1,a\n');
    const message = test.message('table', 'parquet', { object, process: { processor: 'parquet', options: {} } });
    await test.send(message);
    expect(await start(environment).exited).toBe(0);
    expect(await test.failure(message)).toMatchObject({
      attempts: 1,
      problem: { error: 'ParquetNotDeployedError', detail: expect.stringContaining('workers.parquet=true') },
    });
  });

  it("the container's command refuses a bundle with another checksum", async () => {
    const { test, environment } = await rig();
    await test.send(test.message('a', 'profile'));
    const worker = start({ ...environment, SLUICE_BUNDLE_SHA256: '0'.repeat(64) });
    expect(await worker.exited).toBe(1);
    expect(worker.lines()).toMatchObject([
      {
        level: 'CRITICAL',
        error: { message: `the bundle's SHA-256 is ${workers.sha256()}, the task definition says ${'0'.repeat(64)}` },
      },
    ]);
    expect(await test.messagesLeft()).toEqual({ visible: 1, inFlight: 0 });
  });

  it.each([
    ['a bundle that is not there', { SLUICE_BUNDLE_KEY: 'none' }, /answers 404/],
    ['a variable that is missing', { SLUICE_BUNDLE_BUCKET: '' }, /SLUICE_BUNDLE_BUCKET is not set/],
    [
      'a setting of the worker that is wrong',
      { SLUICE_WORKERS: '{"itemsAtOnce":0}' },
      /SLUICE_WORKERS.itemsAtOnce: takes at least 1/,
    ],
  ])("the container's command ends with an error for %s", async (_name, wrong, message) => {
    const { environment } = await rig();
    const worker = start({ ...environment, ...wrong });
    expect(await worker.exited).toBe(1);
    expect(JSON.stringify(worker.lines())).toMatch(message);
  });

  it("the container's command gets the task role's credentials from ECS, and tries again if the network fails", async () => {
    const { environment } = await rig();
    const seen: { url: string | undefined; authorization: string | undefined }[] = [];
    web = await startWeb((request, response) => {
      const { authorization } = request.headers;
      seen.push({ url: request.url, authorization });
      if (request.url === '/credentials') {
        if (seen.length === 1) return void request.socket.destroy();
        return void response.end(
          JSON.stringify({ AccessKeyId: 'AKIDTASK', SecretAccessKey: 'secret', Token: 'the/token' }),
        );
      }
      if (seen.length < 5) return void response.writeHead(503).end('SlowDown');
      response.end('export const main = async () => 7;');
    });
    const small = 'export const main = async () => 7;';
    const worker = start({
      ...environment,
      AWS_ENDPOINT_URL: web.url,
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${web.url}/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'let me in',
      SLUICE_BUNDLE_SHA256: createHash('sha256').update(small).digest('hex'),
    });
    expect(await worker.exited).toBe(7);
    expect(seen.map(({ url }) => url)).toEqual([
      '/credentials',
      '/credentials',
      `/${environment.SLUICE_BUNDLE_BUCKET}/assets/the%20bundle.mjs`,
      '/credentials',
      `/${environment.SLUICE_BUNDLE_BUCKET}/assets/the%20bundle.mjs`,
    ]);
    expect(seen[1]?.authorization).toBe('let me in');
    expect(seen[4]?.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIDTASK\/\d{8}\/us-east-1\/s3\/aws4_request/);
    expect(seen[4]?.authorization).toMatch('x-amz-security-token');
  });

  it("the container's command obeys SIGTERM while it downloads", async () => {
    const { environment } = await rig();
    web = await startWeb(() => undefined);
    const { requests } = web;
    const worker = start({ ...environment, AWS_ENDPOINT_URL: web.url });
    await expect.poll(() => requests.length).toBe(1);
    worker.child.kill('SIGTERM');
    expect(await worker.exited).toBe(0);
    expect(worker.lines()).toMatchObject([{ message: 'stopped before the worker began' }]);
  });
});

describe('a worker process', () => {
  it('a worker process returns its item on SIGTERM, and the next worker does it', async () => {
    const { test, environment } = await rig();
    const site = await heldSite();
    const message = test.message('page', 'scrape', { input: { url: site.url } });
    await test.send(message);
    const first = start(environment);
    await expect.poll(site.asked).toBe(1);
    first.child.kill('SIGTERM');
    expect(await first.exited).toBe(0);
    expect(first.lines().at(-1)).toMatchObject({ message: 'leaves', reason: 'stopped', returned: 1 });
    site.release();
    const second = start(environment);
    expect(await second.exited).toBe(0);
    expect(await test.result(message)).toMatchObject({ attempt: 2, result: { pages: 1 } });
  });

  it('a worker that is killed loses its item to another worker when the visibility ends', async () => {
    const { test, environment } = await rig();
    const site = await heldSite();
    const message = test.message('page', 'scrape', { input: { url: site.url } });
    await test.send(message);
    const first = start({ ...environment, ...workerVariables({ visibilitySeconds: 10 }) });
    await expect.poll(site.asked).toBe(1);
    first.child.kill('SIGKILL');
    await first.exited;
    const second = start({ ...environment, ...workerVariables({ idleSeconds: 60 }) });
    await expect.poll(site.asked).toBe(2);
    site.release();
    await expect.poll(() => test.result(message)).toMatchObject({ attempt: 2 });
    second.child.kill('SIGTERM');
    expect(await second.exited).toBe(0);
    expect(await test.messagesLeft()).toEqual({ visible: 0, inFlight: 0 });
  });
});
