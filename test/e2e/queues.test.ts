// @module-tag heavy
import { CloudWatchClient, DescribeAlarmsCommand, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import { EventBridgeClient, ListRulesCommand, ListTargetsByRuleCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { beforeAll, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { listenToAlerts } from '#local/alerts.ts';
import { queuesKey } from '#run/keys.ts';
import { readJson } from '#run/store.ts';
import { useDeployedAws } from '#test/helpers/deployed.ts';
import { type DataApi, query } from '#warehouse/data-api.ts';

/** A deployment that reads the queues of its warehouse once a day. */
const aws = await useDeployedAws('queues');
const cloudWatch = new CloudWatchClient(aws.client);
/** As the owner of the database. */
const api: DataApi = {
  client: new RedshiftDataClient(aws.client),
  warehouse: { cluster: 'analytics', database: 'dev' },
};
const sql = (...sqls: string[]) => query(api, { name: 'test', sqls });
const watcher = aws.outputs.WarehouseWatchUser ?? '';
const WAIT = { timeout: 180_000, interval: 500 };

let alerts: () => Promise<readonly string[]>;
beforeAll(async () => {
  alerts = await listenToAlerts(aws, aws.outputs.AlertTopicArn ?? '');
  await sql(`CREATE ROLE "${watcher}" LOGIN`);
  // Some hours ahead, so that the last 24 hours are full whenever they are read.
  await aws.redshift.generateWeek('manual', new Date((Math.ceil(Date.now() / 3_600_000) + 2) * 3_600_000));
});

/** Calls the function as the daily rule does. */
async function watch() {
  const { FunctionError, Payload } = await new LambdaClient(aws.client).send(
    new InvokeCommand({ FunctionName: 'Sluice-watch-queues', Payload: Buffer.from('{}') }),
  );
  return { error: FunctionError, said: Payload?.transformToString() ?? '' };
}

const stateOf = async (alarm: string) => {
  const { MetricAlarms = [] } = await cloudWatch.send(new DescribeAlarmsCommand({ AlarmNames: [`Sluice-${alarm}`] }));
  return MetricAlarms[0]?.StateValue;
};

/** The largest value that was sent of a metric in the last hour. */
async function sent(MetricName: string, queue?: string): Promise<number | undefined> {
  const now = Date.now();
  const { Datapoints = [] } = await cloudWatch.send(
    new GetMetricStatisticsCommand({
      ...{ Namespace: 'Sluice', MetricName, Period: 7_200, Statistics: ['Maximum'] },
      Dimensions: [
        { Name: 'service', Value: 'Sluice' },
        ...(queue === undefined ? [] : [{ Name: 'queue', Value: queue }]),
      ],
      StartTime: new Date(now - 3_600_000),
      EndTime: new Date(now + 60_000),
    }),
  );
  return Datapoints[0]?.Maximum;
}

it('the watch of queues fails with a reason if its user sees only its own queries, and records no zeros', async () => {
  const { error, said } = await watch();
  expect(error).toBeDefined();
  expect(said).toContain(`the database user ${watcher} sees only its own queries`);
  expect(said).toContain(`GRANT ROLE sys:monitor TO \\"${watcher}\\"`);
  expect(await readJson(aws.store, queuesKey(new Date()), z.unknown())).toBeUndefined();
  expect(await sent('QueueWaitSeconds')).toBeUndefined();
  await vi.waitUntil(async () => (await stateOf('watch-queues-failed')) === 'ALARM', WAIT);
});

it('the watch of queues records the waits of a day as metrics, and raises the alarms for a long wait and a missing timeout', async () => {
  await sql(`GRANT ROLE sys:monitor TO "${watcher}"`);
  const { error, said } = await watch();
  expect(error, said).toBeUndefined();
  const { key, waitSeconds, withoutTimeout } = JSON.parse(said) as Record<string, number | string>;
  expect(withoutTimeout).toBe(2);
  const record = z
    .object({
      management: z.literal('manual'),
      sees: z.literal('all'),
      user: z.literal(watcher),
      queues: z.array(z.object({ name: z.string(), queries: z.int(), p95WaitSeconds: z.number() })),
      advice: z.array(z.string()),
    })
    .parse(await readJson(aws.store, String(key), z.unknown()));
  expect(record.queues.map(({ name }) => name)).toEqual(['etl', 'dashboards', 'analysts']);
  const [etl, dashboards] = record.queues;
  // 24 queries in each of three hours, 4 in each of the others.
  expect(etl?.queries).toBe(3 * 24 + 21 * 4);
  expect(waitSeconds).toBe(etl?.p95WaitSeconds);
  expect(Number(waitSeconds)).toBeGreaterThan(30);
  expect(record.advice.join('\n')).toContain('queries, the slowest 5 % waited');

  await vi.waitUntil(async () => (await sent('QueueWaitSeconds')) === waitSeconds, WAIT);
  await vi.waitUntil(async () => (await sent('QueuesWithoutTimeout')) === 2, WAIT);
  expect(await sent('QueueWaitSeconds', 'etl')).toBe(etl?.p95WaitSeconds);
  expect(await sent('QueueWaitSeconds', 'dashboards')).toBe(dashboards?.p95WaitSeconds);
  for (const alarm of ['queue-wait', 'queue-timeout']) {
    await vi.waitUntil(async () => (await stateOf(alarm)) === 'ALARM', WAIT);
    await expect.poll(alerts, WAIT).toContainEqual(expect.stringContaining(`Sluice-${alarm} is ALARM`));
  }
  expect((await alerts()).find((alert) => alert.includes('queue-wait'))).toContain('waited 30 s or longer');
});

it('the watch of queues is called once a day', async () => {
  const events = new EventBridgeClient(aws.client);
  const { Rules = [] } = await events.send(new ListRulesCommand({}));
  const daily = Rules.filter(({ ScheduleExpression }) => ScheduleExpression === 'rate(1 day)');
  expect(daily).toMatchObject([{ State: 'ENABLED' }]);
  const { Targets = [] } = await events.send(new ListTargetsByRuleCommand({ Rule: daily[0]?.Name }));
  expect(Targets.map(({ Arn }) => Arn)).toEqual([expect.stringMatching(/:function:Sluice-watch-queues$/)]);
});
