import { expect, it } from 'vitest';
import { listRun, RUNS_ON_PAGE, readRunsPage } from '#page/runs/list-run.ts';
import type { ListedRun } from '#page/runs/listed-run.ts';
import { renderRunsPage } from '#page/runs/runs-page.ts';
import { RUNS_PAGE_KEY } from '#run/keys.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { putObject, textOf } from '#test/helpers/run.ts';

const aws = useEmbeddedAws();
const noWarning = (message: string) => {
  throw new Error(message);
};

function ended(runId: string, closedAt = new Date().toISOString(), change: Partial<ListedRun> = {}): ListedRun {
  const startedAt = new Date(Date.parse(closedAt) - 60_000).toISOString();
  const counts = { items: 2, done: 2, failed: 0, missing: 0 };
  return {
    runId,
    outcome: 'complete',
    schedule: null,
    startedAt,
    closedAt,
    counts,
    bytes: 5,
    dollars: 0.01,
    ...change,
  };
}

it('the page of all runs lists every run of many that end at the same time, the newest first', async () => {
  const store = await aws.store();
  const runs = Array.from({ length: 12 }, (_, n) => ended(`r${n}`, new Date(Date.now() - n * 1_000).toISOString()));
  await Promise.all(runs.map((run) => listRun(store, 'Sluice', run, { warn: noWarning })));
  expect((await readRunsPage(store)).runs).toEqual(runs);
  const page = await textOf(store, RUNS_PAGE_KEY);
  for (const { runId } of runs) expect(page).toContain(`<a href="${runId}/report.html">${runId}</a>`);
});

it('the page of all runs lists a run once: a repeated end changes nothing, and an end after a redrive replaces the earlier end', async () => {
  const store = await aws.store();
  const run = ended('again');
  await listRun(store, 'Sluice', run, { warn: noWarning });
  const { etag } = await readRunsPage(store);
  await listRun(store, 'Sluice', run, { warn: noWarning });
  expect((await readRunsPage(store)).etag).toBe(etag);
  await listRun(store, 'Sluice', { ...run, outcome: 'partial' }, { warn: noWarning });
  expect((await readRunsPage(store)).runs).toMatchObject([{ runId: 'again', outcome: 'partial' }]);
});

it('the page of all runs lists only the newest runs, and no run whose records have expired', async () => {
  const store = await aws.store();
  const now = Date.now();
  const many = Array.from({ length: RUNS_ON_PAGE }, (_, n) => ended(`m${n}`, new Date(now - n * 1_000).toISOString()));
  await putObject(store.client, store.bucket, RUNS_PAGE_KEY, renderRunsPage('Sluice', many, RUNS_ON_PAGE));
  await listRun(store, 'Sluice', ended('newest', new Date(now + 1_000).toISOString()), { warn: noWarning });
  const { runs } = await readRunsPage(store);
  expect(runs).toHaveLength(RUNS_ON_PAGE);
  expect(runs[0]?.runId).toBe('newest');

  const old = ended('old', new Date(now - 100 * 86_400_000).toISOString());
  await putObject(store.client, store.bucket, RUNS_PAGE_KEY, renderRunsPage('Sluice', [old], RUNS_ON_PAGE));
  await listRun(store, 'Sluice', ended('new'), { keepDays: 90, warn: noWarning });
  expect((await readRunsPage(store)).runs.map(({ runId }) => runId)).toEqual(['new']);
});

it('the page of all runs is written from the start, with a warning, if another program has changed it', async () => {
  const store = await aws.store();
  await putObject(store.client, store.bucket, RUNS_PAGE_KEY, '<p>hello</p>');
  const warnings: string[] = [];
  await listRun(store, 'Sluice', ended('first'), { warn: (message) => warnings.push(message) });
  expect(warnings).toEqual([expect.stringContaining('is written from the start')]);
  expect((await readRunsPage(store)).runs.map(({ runId }) => runId)).toEqual(['first']);
});

it('the page of all runs shows markup in the name of a schedule or a stack as text', () => {
  const evil = '</script><script>alert(1)</script>';
  const page = renderRunsPage(evil, [ended('a', undefined, { schedule: evil })], RUNS_ON_PAGE);
  expect(page.match(/<script/g)).toHaveLength(2);
});
