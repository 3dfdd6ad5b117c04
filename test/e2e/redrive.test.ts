import { RedriveExecutionCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { manifestSchema } from '#run/end/manifest.ts';
import { runKeys } from '#run/keys.ts';
import { isClosed } from '#run/ledger/ledger.ts';
import { listKeys, readJson } from '#run/store.ts';
import { type Ended, useDeployedAws } from '#test/helpers/deployed.ts';
import { csvNamed, startWeb, type Web } from '#test/helpers/web.ts';

const aws = await useDeployedAws();
const FILES = ['one.csv', 'two.csv', 'three.csv'];

let web: Web;
/** What the page of a run's check says. */
const pages = new Map<string, 'not ready' | 'broken' | 'ready'>();
/** Files for which requests are not answered before this exists. */
const held = new Map<string, Promise<void>>();
beforeAll(async () => {
  web = await startWeb(async (request, response) => {
    const path = request.url ?? '';
    await held.get(path);
    switch (pages.get(path)) {
      case undefined:
        return void response.writeHead(200, { etag: `"${path}"` }).end(csvNamed(path));
      case 'broken':
        return void response.writeHead(500).end();
      case 'not ready':
        return void response.writeHead(200).end(JSON.stringify({ done: 0, total: 1 }));
      case 'ready':
        return void response.writeHead(200).end(JSON.stringify({ done: 1, total: 1 }));
    }
  });
});
afterAll(() => web.stop());

const sourcesOf = (name: string) =>
  FILES.map((file) => ({ url: `${web.url}/${name}/${file}`, key: `${name}/${file}` }));
const requestsOf = (path: string) => web.requests.filter((request) => request === `GET ${path}`).length;

async function redrive(executionArn: string): Promise<void> {
  await aws.sfn.send(new RedriveExecutionCommand({ executionArn }));
}

const keysBelow = (prefix: string) => Array.fromAsync(listKeys(aws.store, prefix));

/** How often a worker has tried each item of a run. */
function attemptsOf({ runId, items }: Ended): Promise<number[]> {
  return Promise.all(items.map(async ({ item }) => (await keysBelow(runKeys(runId).attempts(item))).length));
}

describe.concurrent('a redriven execution', () => {
  it('an execution whose gate broke twice ends complete after the cause is corrected, and does nothing twice', async ({
    expect,
  }) => {
    pages.set('/gate/page', 'not ready');
    const arn = await aws.start({
      sources: sourcesOf('gate'),
      process: 'profile',
      waitFor: [{ check: 'ledger' }, { check: 'http', url: `${web.url}/gate/page` }],
    });
    const runId = arn.slice(arn.lastIndexOf(':') + 1);
    await expect.poll(() => keysBelow(runKeys(runId).ledger('results'))).toHaveLength(FILES.length);
    pages.set('/gate/page', 'broken');
    const broken = await aws.end(arn);
    expect(broken).toMatchObject({
      status: 'FAILED',
      error: 'CheckFailedError',
      manifest: {
        outcome: 'failed',
        reason: expect.stringMatching(
          /^the execution ended FAILED: CheckFailedError: http:\S+ answered 500 instead of 200$/,
        ),
        execution: { status: 'FAILED', redriveCount: 0 },
      },
    });
    expect(statesOf(broken).at(-1)).toBe('BrokenState');

    await redrive(arn);
    const again = await aws.end(arn);
    expect(again).toMatchObject({
      status: 'FAILED',
      error: 'CheckFailedError',
      manifest: { outcome: 'failed', execution: { status: 'FAILED', redriveCount: 1 } },
    });

    pages.set('/gate/page', 'ready');
    await redrive(arn);
    const ended = await aws.end(arn);
    expect(ended).toMatchObject({
      status: 'SUCCEEDED',
      manifest: { outcome: 'complete', forced: false, reason: null, counts: { items: 3, done: 3, processed: 3 } },
    });
    expect(ended.manifest).not.toHaveProperty('execution');
    expect(statesOf(ended).slice(statesOf(again).length)).toEqual([
      'BrokenState',
      'GoOn',
      'GatekeeperState',
      'CloseState',
      'ItemsState',
      'DoneState',
      'EndedInOrder',
      'SweepState',
      'OutcomeChoice',
      'Succeed',
    ]);
    expect(sourcesOf('gate').map(({ key }) => requestsOf(`/${key}`))).toEqual([1, 1, 1]);
    expect(await attemptsOf(ended)).toEqual([1, 1, 1]);
    // The manifests of both undone ends are kept.
    expect(await keysBelow(`runs/${runId}/manifests/`)).toHaveLength(2);
    const { code, out } = await aws.sluice('watch', runId);
    expect([code, out]).toEqual([0, expect.stringContaining('3 of 3 done')]);
  });

  it('an execution that was stopped in Ingest, and whose run EventBridge had closed, ends complete after a redrive and lands nothing twice', async ({
    expect,
  }) => {
    const answer = Promise.withResolvers<void>();
    held.set('/stopped/three.csv', answer.promise);
    // The first two are done once they have landed.
    const sources = sourcesOf('stopped').map((source, n) => ({ ...source, process: n < 2 ? null : 'profile' }));
    const arn = await aws.start({ sources });
    const runId = arn.slice(arn.lastIndexOf(':') + 1);
    await expect.poll(() => keysBelow(runKeys(runId).ledger('landed'))).toHaveLength(2);
    await expect.poll(() => requestsOf('/stopped/three.csv')).toBeGreaterThan(0);
    await aws.stop(arn);
    await expect
      .poll(() => readJson(aws.store, runKeys(runId).manifest, manifestSchema))
      .toMatchObject({ outcome: 'failed', execution: { status: 'ABORTED', redriveCount: 0 } });

    await redrive(arn);
    // A worker that receives an item before the run is open drops it, and the gate would send it again only after three
    // minutes.
    await expect.poll(() => isClosed(aws.store, runId)).toBe(false);
    answer.resolve();
    const ended = await aws.end(arn);
    expect(ended).toMatchObject({
      status: 'SUCCEEDED',
      manifest: { outcome: 'complete', counts: { items: 3, done: 3, landed: 3, processed: 1 } },
    });
    expect(ended.manifest).not.toHaveProperty('execution');
    expect(['one', 'two'].map((name) => requestsOf(`/stopped/${name}.csv`))).toEqual([1, 1]);
    expect(await keysBelow(runKeys(runId).redrives)).toHaveLength(1);
    expect(await keysBelow(`runs/${runId}/manifests/`)).toHaveLength(1);
  });
});

function statesOf({ events }: Ended): string[] {
  return events.map((event) => event.stateEnteredEventDetails?.name).filter((name) => name !== undefined);
}
