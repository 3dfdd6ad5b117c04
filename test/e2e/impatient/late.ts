import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runKeys } from '#run/keys.ts';
import { closedSchema } from '#run/ledger/records.ts';
import { readJson } from '#run/store.ts';
import { useDeployedAws } from '#test/helpers/deployed.ts';
import { csvNamed, startWeb, type Web } from '#test/helpers/web.ts';

const aws = await useDeployedAws('impatient');
let web: Web;

beforeAll(async () => {
  web = await startWeb((request, response) => {
    // A page that never ends its answer keeps a worker busy for longer than the gate waits.
    if (request.url?.startsWith('/slow'))
      return void response.writeHead(200, { 'content-type': 'text/html' }).write('<html>');
    if (request.url === '/robots.txt') return void response.writeHead(404).end();
    response.writeHead(200).end(csvNamed(request.url ?? ''));
  });
});
afterAll(() => web.stop());

const slow = { processor: 'scrape', name: 'slow site', input: { url: '' } };

describe('an execution that is stopped', () => {
  it('CloseRun closes the run of a stopped execution, and writes its manifest', async () => {
    const arn = await aws.start({ work: [{ ...slow, input: { url: `${web.url}/slow/4` } }] });
    const runId = arn.split(':').at(-1) ?? '';
    await expect.poll(() => web.requests.includes('GET /slow/4')).toBe(true);
    await aws.stop(arn);
    await expect.poll(async () => (await aws.end(arn)).manifest?.outcome).toBe('failed');
    expect(await readJson(aws.store, runKeys(runId).closed, closedSchema)).toMatchObject({
      reason: expect.stringContaining('ABORTED'),
    });
  });
});

// At the same time, because each waits until the gate stops waiting.
describe.concurrent('work that is late', () => {
  it('a run waits for late work and is then forced: its partial manifest names the missing items', async ({
    expect,
  }) => {
    const run = await aws.run({
      sources: [{ url: `${web.url}/quick.csv`, key: 'late/quick.csv' }],
      work: [{ ...slow, input: { url: `${web.url}/slow/1` } }],
    });
    expect(run).toMatchObject({ status: 'SUCCEEDED' });
    expect(run.manifest).toMatchObject({
      outcome: 'partial',
      forced: true,
      reason: 'late',
      counts: { items: 2, done: 1, missing: 1 },
      done: [{ name: 'late/quick.csv' }],
      missing: [{ name: 'slow site' }],
    });
    const names = run.events.map((event) => event.stateEnteredEventDetails?.name).filter((name) => name !== undefined);
    expect(names).toContain('ForceGatekeeperState');
    expect(names.indexOf('ForceGatekeeperState')).toBeLessThan(names.indexOf('DoneState'));
  });

  it('a run with late work ends in Late if the input requires it, after the manifest is written', async ({
    expect,
  }) => {
    const run = await aws.run({
      work: [{ ...slow, input: { url: `${web.url}/slow/2` } }],
      sources: [{ url: `${web.url}/b`, key: 'late/b' }],
      onLate: 'fail',
    });
    expect(run).toMatchObject({
      status: 'FAILED',
      error: 'Late',
      manifest: { outcome: 'late', missing: [{ name: 'slow site' }] },
    });
    expect(run.cause).toContain(run.runId);
  });

  it('the deadline ends the wait for late work, before the gate has used its attempts', async ({ expect }) => {
    const run = await aws.run({
      work: [{ ...slow, input: { url: `${web.url}/slow/3` } }],
      sources: [{ url: `${web.url}/c`, key: 'late/c' }],
      deadlineMinutes: 0.25,
    });
    expect(run.manifest).toMatchObject({ outcome: 'partial', forced: true, reason: 'deadline' });
  });
});
