// @module-tag heavy

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import stringWidth from 'string-width';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { headlinesOf, queueLines, queueTable, waitGraph } from '#cli/wlm/queue-lines.ts';
import { queuePage } from '#cli/wlm/queue-page.ts';
import { WORKGROUP_ARN } from '#local/redshift/set-up.ts';
import { generateWeek } from '#local/redshift/week-of-queries.ts';
import { runSluice } from '#test/helpers/cli.ts';
import { startTestWarehouse, type TestWarehouse } from '#test/helpers/redshift.ts';
import { adviceOf } from '#warehouse/queues/advice.ts';
import type { QueueReport } from '#warehouse/queues/queue-report.ts';
import { readQueues } from '#warehouse/queues/read-queues.ts';

let test: TestWarehouse;
beforeAll(async () => {
  test = await startTestWarehouse();
});
afterAll(() => test.stop());

const UNTIL = new Date('2026-11-27T00:00:00Z');
const SINCE = new Date(UNTIL.getTime() - 7 * 86_400_000);

function read(warehouse: object, of: Date = SINCE): Promise<QueueReport> {
  return readQueues({ client: test.client, warehouse: { database: 'dev', ...warehouse } }, of, UNTIL);
}

describe('manual WLM', () => {
  beforeAll(() => generateWeek(test.redshift.database, 'manual', UNTIL));

  it('sluice wlm reports for each queue the values of the system tables', async () => {
    const report = await read({ cluster: 'one' });
    expect(report).toMatchObject({ management: 'manual', sees: 'all', capacity: null });
    expect(report.queues).toMatchObject([
      {
        serviceClass: 6,
        name: 'etl',
        slots: 5,
        memoryMiB: 892,
        timeoutSeconds: null,
        conditions: ['query group: sluice'],
      },
      {
        serviceClass: 7,
        name: 'dashboards',
        slots: 15,
        timeoutSeconds: 60,
        concurrencyScaling: true,
        waited: 0,
        toDisk: 0,
      },
      { serviceClass: 8, name: 'analysts', slots: 4 },
    ]);
    const [etl] = report.queues;
    // 3 hours of 24 and 21 of 4, of which those at night waited.
    expect(etl).toMatchObject({ queries: 7 * (72 + 84), waited: 7 * 72, worstWaitSeconds: 180 });
    expect(etl?.hours).toHaveLength(168);
    expect(etl?.hours.find(({ at }) => at.getUTCHours() === 3)).toMatchObject({ queries: 24, worstWaitSeconds: 180 });
    expect(etl?.hours.reduce((sum, { queries }) => sum + queries, 0)).toBe(etl?.queries);
    // Not everything fits: the tables are asked for a day alone.
    expect((await read({ cluster: 'one' }, new Date(UNTIL.getTime() - 86_400_000))).queues[0]?.queries).toBe(156);
  });

  it('sluice wlm advises by number: fewer slots, more slots at certain hours, a timeout, more slots for those that went to disk', async () => {
    const advice = adviceOf(await read({ cluster: 'one' }));
    expect(advice).toEqual([
      expect.stringMatching(
        /^etl: of 1,092 queries, the slowest 5 % waited 3 min\. [\d.]+ % of the time of all queries was waiting\. The longest waits are at 2:00, 3:00, 4:00 UTC\. Give the queue more slots, or turn on concurrency scaling/,
      ),
      expect.stringMatching(
        /^etl: no timeout is set.* The longest query took .*: a limit of .* would not end such a query/,
      ),
      expect.stringMatching(
        /^dashboards: none of 3,\d\d\d queries waited in 7 days\. The queue has 15 slots; with fewer, .*with 14 slots 318 MiB instead of 297\)/,
      ),
      expect.stringMatching(/^analysts: none of 420 queries waited/),
      expect.stringMatching(/^analysts: no timeout is set/),
      expect.stringMatching(/^analysts: 84 queries used the disk .*wlm_query_slot_count TO 2/),
    ]);
  });

  it('sluice wlm draws a table, a graph of the wait by hour and a page', async () => {
    const report = await read({ cluster: 'one' });
    expect(queueTable(report).split('\n')).toHaveLength(4);
    for (const width of [79, 119]) {
      const lines = queueLines(report, adviceOf(report), width).flatMap((text) => text.split('\n'));
      for (const line of lines) expect(stringWidth(line), line).toBeLessThanOrEqual(width);
      expect(lines.join('\n')).toMatch(/^queue +slots.* timeout +queries +waited.* 95 % +worst/m);
    }
    const graph = waitGraph(report).split('\n');
    expect(graph[1]).toMatch(/^etl {8}│ {2}███ {19}│ /);
    expect(graph[2]).toMatch(/^dashboards │ {24}│ 0 s/);
    const evil = { ...report, user: '<script>alert(1)</script>' };
    const page = queuePage(evil, ['less < more']);
    expect(page.match(/<rect /g)).toHaveLength(report.queues.flatMap(({ hours }) => hours).length);
    expect(page).not.toContain('<script>');
    expect(page).toContain('less &lt; more');
  });

  it('sluice wlm says what a plain user can not see, and shows no zero for it', async () => {
    const report = await read({ cluster: 'one', dbUser: 'plain' });
    expect(report).toMatchObject({ user: 'plain', sees: 'own' });
    expect(headlinesOf(report)[1]).toMatch(
      /plain sees only its own queries, .* lacks the queries of other users\. GRANT ROLE sys:monitor/,
    );
  });

  it('sluice wlm is a command of the command line', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-wlm-'));
    try {
      await generateWeek(test.redshift.database, 'manual', new Date());
      const html = join(folder, 'wlm.html');
      const end = await runSluice(['wlm', '--cluster', 'one', '--html', html], { ...process.env, ...test.aws.env });
      expect(end).toMatchObject({ code: 0, err: `The page is in ${html}\n` });
      expect(end.out).toMatch(
        /manual WLM; .*as the database\s+user postgres sees it[\s\S]*etl +│ +[▁▂▃▄▅▆▇█]+ +│[\s\S]*- etl: of [\d,]+ queries, the slowest 5 % waited/,
      );
      expect(await readFile(html, 'utf8')).toContain('<h3>analysts</h3>');
      const json = await runSluice(['wlm', '--cluster', 'one', '--days', '1', '--json'], {
        ...process.env,
        ...test.aws.env,
      });
      expect(JSON.parse(json.out)).toMatchObject({ management: 'manual', queues: [{ name: 'etl' }, {}, {}] });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

it('sluice wlm describes automatic WLM in the words of automatic WLM', async () => {
  await generateWeek(test.redshift.database, 'automatic', UNTIL);
  const report = await read({ cluster: 'one' });
  expect(report).toMatchObject({
    management: 'automatic',
    queues: [{ serviceClass: 100, slots: null, memoryMiB: null }, {}, {}],
  });
  expect(queueTable(report)).toMatch(/etl +auto +auto +none/);
  expect(adviceOf(report)).toEqual([
    expect.stringMatching(
      /^etl: of .* queries, the slowest 5 % waited .*Automatic WLM sets slots and memory: raise the queue's priority/,
    ),
  ]);
});

it('sluice wlm describes Serverless in the words of Serverless', async () => {
  await generateWeek(test.redshift.database, 'serverless', UNTIL);
  const report = await read({ workgroup: WORKGROUP_ARN });
  expect(report).toMatchObject({
    management: 'serverless',
    capacity: { mostRpus: 32, chargedSeconds: 96_400 },
    queues: [{ serviceClass: null, name: 'the workgroup', slots: null, worstWaitSeconds: 180 }],
  });
  expect(adviceOf(report).join(' ')).toMatch(
    /Serverless ends a query only after 24 hours: set max_query_execution_time/,
  );
  expect(adviceOf(report).join(' ')).not.toMatch(/slot|queue's/);
  const client = new RedshiftDataClient(test.aws.client);
  const nothing = await readQueues(
    { client, warehouse: { database: 'dev', workgroup: WORKGROUP_ARN } },
    UNTIL,
    new Date(UNTIL.getTime() + 1),
  );
  expect(adviceOf(nothing)).toEqual(['No query ran in this time: there is nothing to advise.']);
});
