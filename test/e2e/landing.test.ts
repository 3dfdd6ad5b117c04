import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useDeployedAws } from '#test/helpers/deployed.ts';
import { putObject } from '#test/helpers/run.ts';
import { csvNamed, startWeb, type Web } from '#test/helpers/web.ts';

const aws = await useDeployedAws();
let web: Web;
const refusals = new Map<string, number>();

beforeAll(async () => {
  web = await startWeb((request, response) => {
    const path = new URL(request.url ?? '', 'http://localhost').pathname;
    if (path.startsWith('/missing')) return void response.writeHead(404).end('no such file');
    const refused = refusals.get(path) ?? 0;
    if (path.startsWith('/busy') && refused < 2) {
      refusals.set(path, refused + 1);
      return void response.writeHead(503, { 'retry-after': '0' }).end();
    }
    const body = path === '/sources' ? `${web.url}/listed.csv\n` : csvNamed(path);
    response.writeHead(200, { 'content-type': 'text/csv', 'content-length': Buffer.byteLength(body) }).end(body);
  });
});
afterAll(() => web.stop());

describe('a run', () => {
  it('a run lands, processes, retries, and records failures', async () => {
    const run = await aws.run({
      sources: [
        { url: `${web.url}/a.csv`, key: 'landing/a.csv' },
        { url: `${web.url}/busy.csv`, key: 'landing/busy.csv' },
        { url: `${web.url}/missing.csv`, key: 'landing/missing.csv' },
        { url: `${web.url}/plain.csv`, key: 'landing/plain.csv', process: null },
      ],
      process: 'profile',
    });
    expect(run).toMatchObject({ status: 'SUCCEEDED' });
    expect(run.manifest).toMatchObject({
      outcome: 'partial',
      forced: false,
      counts: { items: 4, done: 3, failed: 1, missing: 0, landed: 3, processed: 2 },
      failed: [{ name: 'landing/missing.csv', stage: 'transfer' }],
    });
    expect(run.manifest?.failed[0]?.problem.detail).toContain('404');
    for (const name of ['a', 'busy', 'plain']) {
      expect(Buffer.from(await aws.bytesOf(`landing/${name}.csv`)).toString()).toBe(csvNamed(`/${name}.csv`));
    }
    const busy = run.items.find((item) => item.name === 'landing/busy.csv');
    expect(busy?.landed).toMatchObject({ bytes: Buffer.byteLength(csvNamed('/busy.csv')), parts: 0 });
    expect(busy?.landed?.retries).toBeGreaterThanOrEqual(2);
    expect(busy?.landed?.peakMemoryMiB).toBeGreaterThan(20);
    expect(busy?.landed?.proofs.held).not.toEqual([]);
    expect(busy?.result?.result).toMatchObject({ rows: 20 });
  });

  it('a run lands the sources of a list at a URL', async () => {
    const run = await aws.run({ sourcesFrom: { url: `${web.url}/sources`, format: 'urls' } });
    expect(run).toMatchObject({ status: 'SUCCEEDED' });
    expect(run.manifest?.done.map(({ name }) => name)).toEqual(['raw/127.0.0.1/listed.csv']);
    expect(Buffer.from(await aws.bytesOf('raw/127.0.0.1/listed.csv')).toString()).toBe(csvNamed('/listed.csv'));
  });

  it('a run with a bad input fails at Plan with every problem and its path', async () => {
    const run = await aws.run({ sources: [{ url: 'nonsense', key: 'a//b' }, { urll: 'x' }], onLate: 'never' });
    expect(run).toMatchObject({ status: 'FAILED', error: 'InvalidInputError', manifest: undefined });
    for (const path of ['sources[0].url', 'sources[0].key', 'sources[1].url', 'sources[1]:', 'onLate']) {
      expect(run.cause).toContain(path);
    }
    expect(web.requests.filter((request) => request.includes('/x'))).toEqual([]);
  });

  it('a run fails if nothing has landed, and still reports what went wrong', async () => {
    const run = await aws.run({ sources: [{ url: `${web.url}/missing/1`, key: 'none/1' }] });
    expect(run).toMatchObject({
      status: 'FAILED',
      error: 'Failed',
      manifest: { outcome: 'failed', counts: { failed: 1 } },
    });
  });

  it('a run does work that has no source', async () => {
    const run = await aws.run({
      work: [{ processor: 'scrape', name: 'site', input: { url: `${web.url}/robots-only` } }],
    });
    expect(run.manifest).toMatchObject({ counts: { items: 1, missing: 0 } });
    expect(run.items[0]?.status).not.toBe('missing');
  });

  it('a run records nothing twice if the same execution name is planned again', async () => {
    const input = {
      sources: [{ url: `${web.url}/slot.csv`, key: 'slots-test/slot.csv' }],
      schedule: 'test',
      scheduledTime: '2026-11-24T01:00:00Z',
    };
    const first = await aws.run(input);
    const second = await aws.run(input);
    expect(first).toMatchObject({ status: 'SUCCEEDED' });
    expect(second).toMatchObject({ status: 'FAILED', error: 'AlreadyClaimedError', manifest: undefined });
    expect(second.cause).toContain(first.runId);
  });
});

describe('a long list of sources', () => {
  async function landsAll(count: number) {
    const urls = Array.from({ length: count }, (_, n) => `${web.url}/many/${count}/${n}.csv`);
    const list = `lists/${count}.txt`;
    await putObject(aws.store.client, aws.store.bucket, list, urls.join('\n'));
    const run = await aws.end(await aws.start({ sourcesFrom: { key: list } }), 500);
    expect(run.manifest).toMatchObject({ outcome: 'complete', counts: { items: count, done: count, landed: count } });
    expect(run.manifest?.done).toHaveLength(Math.min(count, 1_000));
    expect(run.items).toHaveLength(count);
    expect(new Set(run.items.map((item) => item.landed?.key)).size).toBe(count);
    const last = `/many/${count}/${count - 1}.csv`;
    expect(Buffer.from(await aws.bytesOf(`raw/127.0.0.1${last}`)).toString()).toBe(csvNamed(last));
  }

  it('a list of 300 sources lands completely, in batches of fifty', () => landsAll(300));
  it('a list of 5,000 sources lands completely, in batches of fifty', { tags: ['heavy'] }, () => landsAll(5_000));
});
