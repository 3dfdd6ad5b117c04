import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { useDeployedAws } from '#test/helpers/deployed.ts';
import { csvNamed, startWeb, type Web } from '#test/helpers/web.ts';

const aws = await useDeployedAws();
let web: Web;
let folder: string;
/** A run with an item that lands and is profiled, and one that fails. */
let partial: string;
/** The source answers `/held` only when it is let go. */
let letGo = () => {};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-cli-'));
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  web = await startWeb(async (request, response) => {
    if (request.url === '/gone.csv') return void response.writeHead(404).end();
    if (request.url === '/held.csv') await held;
    response.writeHead(200).end(csvNamed(request.url ?? ''));
  });
  const run = await aws.run({
    sources: ['good', 'gone'].map((name) => ({ url: `${web.url}/${name}.csv`, key: `cli/${name}.csv` })),
    process: 'profile',
  });
  partial = run.runId;
});
afterAll(async () => {
  letGo();
  await web.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('the command line against a deployment', () => {
  it('the command line lists runs with outcome and counts, as text and as JSON', async () => {
    const { code, out } = await aws.sluice('runs', '--limit', '500');
    expect([code, out]).toEqual([0, expect.stringMatching(new RegExp(`^${partial} +partial +1 of 2 +1 +0`, 'm'))]);
    const json = await aws.sluice('runs', '--limit', '500', '--outcome', 'partial', '--json');
    expect(JSON.parse(json.out)).toContainEqual(
      expect.objectContaining({ run: partial, outcome: 'partial', counts: expect.objectContaining({ done: 1 }) }),
    );
  });

  it('the command line shows the state of a run, and its failed items with their reasons', async () => {
    const status = await aws.sluice('status', partial, '--json');
    expect(JSON.parse(status.out).look).toMatchObject({ done: 1, failed: 1, underWay: 0, notStarted: 0, items: 2 });
    const items = await aws.sluice('items', partial, '--failed', '--json');
    expect(JSON.parse(items.out)).toMatchObject({
      name: 'cli/gone.csv',
      state: 'failed',
      failure: { problem: { error: 'SourceRefusedError' } },
    });
  });

  it('the command line serves the page of a run that it watches on this machine, and ends with the run’s exit code', async () => {
    const { code, err } = await aws.sluice('watch', partial, '--page');
    expect([code, err]).toEqual([3, expect.stringMatching(/^The page is http:\/\/127\.0\.0\.1:\d+\/runs\//m)]);
  });

  it('the command line reports a partial run with exit code 3, and says partial in its last line', async () => {
    const { code, out } = await aws.sluice('report', partial);
    expect(code).toBe(3);
    expect(out.trimEnd().split('\n').at(-1)).toContain(`Run ${partial} is partial`);
  });

  it('the list of items, the manifest and the records of an item report the same problem', async () => {
    const items = await aws.sluice('items', partial, '--failed', '--json');
    const { item, failure } = JSON.parse(items.out);
    const manifest = JSON.parse((await aws.sluice('report', partial, '--json')).out);
    const records = JSON.parse((await aws.sluice('get', partial, item, '--json')).out);
    expect(failure.problem).toMatchObject({
      type: 'docs/errors.md#source-refused',
      code: 'source-refused',
      instance: `runs/${partial}/failures/${item}.json`,
      allowedBy: 'never',
      logs: `npx sluice logs ${partial} ${item}`,
    });
    expect([manifest.failed[0].problem, records.failure.problem]).toEqual([failure.problem, failure.problem]);
  });

  it('downloads an object, does not overwrite a file, and suggests names that are similar to a wrong one', async () => {
    const file = join(folder, 'good.csv');
    expect(await aws.sluice('get', partial, 'cli/good.csv', '--to', file)).toMatchObject({ code: 0 });
    expect(await readFile(file, 'utf8')).toBe(csvNamed('/good.csv'));
    const again = await aws.sluice('get', partial, 'cli/good.csv', '--to', file);
    expect([again.code, again.err]).toEqual([2, expect.stringContaining('exists already')]);
    const wrong = await aws.sluice('get', partial, 'good.csv');
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('did you mean cli/good.csv?')]);
    const failed = await aws.sluice('get', partial, 'cli/gone.csv');
    expect([failed.code, failed.err]).toEqual([1, expect.stringContaining('answered 404')]);
  });

  it('the command line shows the log lines of functions and workers on one item', async () => {
    // CloudWatch has the lines of a task some time after the task has written them.
    await vi.waitFor(
      async () => {
        const { code, out } = await aws.sluice('logs', partial, 'cli/good.csv');
        expect(code).toBe(0);
        expect(out).toMatch(/Z {2}\S*open {2}INFO {2}landed/);
        expect(out).toMatch(/Z {2}\S*worker\S* {2}INFO {2}ends {2}.*outcome=done/);
      },
      { timeout: 60_000, interval: 500 },
    );
    const gone = await aws.sluice('logs', partial, 'cli/gone.csv', '--json');
    expect(gone.out).toContain('SourceRefusedError');
  });

  it('retries one item alone, and refuses one that is done', async () => {
    const done = await aws.sluice('retry', partial, '--item', 'cli/good.csv');
    expect([done.code, done.err]).toEqual([2, expect.stringContaining('cli/good.csv is done')]);
    const again = await aws.sluice('retry', partial, '--item', 'cli/gone.csv', '--name', `item-${partial}`);
    expect([again.code, again.out]).toEqual([1, expect.stringContaining('0 of 1 done')]);
  });

  it('the command line lands the sources of a list on this machine', async () => {
    const list = join(folder, 'list.txt');
    await writeFile(list, `# one\n${web.url}/listed.csv\n`);
    const { code, out } = await aws.sluice('run', '--from', list, '--name', `list-${partial}`);
    expect([code, out.trimEnd().split('\n').at(-1)]).toEqual([0, `Run list-${partial} is complete: 1 of 1 done.`]);
  });

  it('the command line cancels one run, and reports that a run has ended already', async () => {
    const run = `held-${partial}`;
    await aws.sluice('run', `${web.url}/held.csv`, '--name', run, '--detach');
    expect(await aws.sluice('cancel', run)).toMatchObject({ code: 0, out: expect.stringContaining('is stopped') });
    letGo();
    const again = await aws.sluice('cancel', run);
    expect([again.code, again.err]).toEqual([2, expect.stringContaining('has ended already')]);
  });

  it('backfills the times of a schedule, and runs no slot twice', async () => {
    const args = [
      'backfill',
      'daily',
      '--from',
      '2026-03-01',
      '--to',
      '2026-03-02T12:00:00Z',
      '--at-once',
      '2',
      '--json',
    ];
    const { code, out } = await aws.sluice(...args);
    const runs = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(code).toBe(0);
    expect(runs.map(({ scheduledTime }) => scheduledTime).toSorted()).toEqual([
      '2026-03-01T04:30:00Z',
      '2026-03-02T04:30:00Z',
    ]);
    expect(runs.map(({ status }) => status)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
    const again = await aws.sluice(...args);
    expect([again.code, again.out]).toEqual([3, expect.stringContaining('already-claimed')]);
  });

  it('doctor finds bootstrap, stack and the role that the deploy has created', async () => {
    const { out } = await aws.sluice('doctor', '--json');
    const good = JSON.parse(out).filter(({ state }: { state: string }) => state === 'good');
    expect(good.map(({ check }: { check: string }) => check)).toEqual(
      expect.arrayContaining(['credentials', 'CDK bootstrap', 'role of ECS', 'stack Sluice']),
    );
  });

  it.each([
    ['watch', 'nope'],
    ['report', 'nope'],
    ['status', 'nope'],
    ['logs', 'nope'],
    ['cancel', 'nope'],
  ])('reports that the run does not exist: sluice %s %s', async (...args) => {
    expect(await aws.sluice(...args)).toMatchObject({
      code: 2,
      err: expect.stringContaining('there is no run "nope"'),
    });
  });
});
