import { afterAll, beforeAll, expect, it } from 'vitest';
import { manifestSchema } from '#run/end/manifest.ts';
import { runKeys } from '#run/keys.ts';
import { listKeys, readJson } from '#run/store.ts';
import { useDeployedAws } from '#test/helpers/deployed.ts';
import { csvNamed, startWeb, type Web } from '#test/helpers/web.ts';

const aws = await useDeployedAws();
let web: Web;
let isThere = false;

beforeAll(async () => {
  web = await startWeb((request, response) => {
    if (request.url === '/flaky.csv' && !isThere) return void response.writeHead(404).end();
    response.writeHead(200).end(csvNamed(request.url ?? ''));
  });
});
afterAll(() => web.stop());

it('sluice retry runs exactly the failed and missing items of a run, and reports when there are none', async () => {
  const first = await aws.run({
    sources: ['good', 'flaky'].map((name) => ({ url: `${web.url}/${name}.csv`, key: `retry/${name}.csv` })),
    process: 'profile',
  });
  expect(first.manifest).toMatchObject({ outcome: 'partial', failed: [{ name: 'retry/flaky.csv' }] });

  isThere = true;
  const second = `again-${first.runId}`;
  const { code, out } = await aws.sluice('retry', first.runId, '--name', second);
  expect([code, out]).toEqual([0, expect.stringContaining(`Run ${second}: complete`)]);
  expect(await readJson(aws.store, runKeys(second).manifest, manifestSchema)).toMatchObject({
    rerunOf: first.runId,
    counts: { items: 1, done: 1, processed: 1 },
    done: [{ name: 'retry/flaky.csv' }],
  });
  expect(web.requests.filter((request) => request === 'GET /good.csv')).toHaveLength(1);
  expect(await Array.fromAsync(listKeys(aws.store, runKeys(first.runId).rerun(second)))).toHaveLength(1);

  const nothing = await aws.sluice('retry', second);
  expect([nothing.code, nothing.out]).toEqual([0, `Run ${second} has no failed or missing items.\n`]);
});
