import { CloudFormationClient, DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  GetMetricStatisticsCommand,
  ListMetricsCommand,
} from '@aws-sdk/client-cloudwatch';
import {
  DeleteFunctionConcurrencyCommand,
  InvokeCommand,
  LambdaClient,
  PutFunctionConcurrencyCommand,
} from '@aws-sdk/client-lambda';
import { StartExecutionCommand } from '@aws-sdk/client-sfn';
import { PurgeQueueCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listenToAlerts } from '#local/alerts.ts';
import { WATCH_STATE_KEY } from '#run/keys.ts';
import { METRICS, METRICS_NAMESPACE } from '#run/metrics/metrics.ts';
import { writeJson } from '#run/store.ts';
import { useDeployedAws } from '#test/helpers/deployed.ts';
import { csvNamed, startWeb, type Web } from '#test/helpers/web.ts';

/** A deployment with alerts. Each test causes the event of one alert, and reads what the topic publishes. */
const aws = await useDeployedAws('impatient');
const lambda = new LambdaClient(aws.client);
let web: Web;
/** What the topic has published: the text of an event's alert, or an alarm's name and state. */
let alerts: () => Promise<readonly string[]>;

beforeAll(async () => {
  web = await startWeb((request, response) => {
    if (request.url?.startsWith('/slow'))
      return void response.writeHead(200, { 'content-type': 'text/html' }).write('<html>');
    if (request.url === '/robots.txt' || request.url?.startsWith('/none')) return void response.writeHead(404).end();
    response.writeHead(200).end(csvNamed(request.url ?? ''));
  });
  alerts = await listenToAlerts(aws, aws.outputs.AlertTopicArn ?? '');
});
afterAll(() => web.stop());

const about = async (what: string) => (await alerts()).filter((alert) => alert.includes(what));
const sources = (...paths: string[]) => paths.map((path) => ({ url: web.url + path, key: `alerts${path}` }));
const slow = (name: string) => [{ processor: 'scrape', name, input: { url: `${web.url}/slow/${name}` } }];

describe.concurrent('the alert on a run', () => {
  it('a complete run sends no alert', async ({ expect }) => {
    const run = await aws.run({ sources: sources('/complete') });
    const later = await aws.run({ sources: sources('/none-later') });
    await expect.poll(() => about(later.runId)).not.toEqual([]);
    expect((await about(run.runId)).filter((alert) => !alert.includes('OLD'))).toEqual([]);
  });

  it('a failed run sends an alert', async ({ expect }) => {
    const run = await aws.run({ sources: sources('/none') });
    await expect.poll(() => about(run.runId)).toContainEqual(expect.stringContaining(`run ${run.runId} FAILED`));
  });

  it('a run whose input was refused sends an alert', async ({ expect }) => {
    const run = await aws.run({ sources: [{ url: 'no url' }] });
    await expect.poll(() => about(run.runId)).toContainEqual(expect.stringContaining(`run ${run.runId} FAILED`));
  });

  it('a run with a failed item sends an alert that says partial, with the counts and a command that shows the run', async ({
    expect,
  }) => {
    const run = await aws.run({ sources: sources('/partial', '/none-partial') });
    await expect
      .poll(() => about(run.runId))
      .toContainEqual(
        `Sluice: run ${run.runId} is PARTIAL: 1 of 2 items done, 1 failed, 0 missing. See: npx sluice report ${run.runId}, or s3://${aws.store.bucket}/runs/${run.runId}/report.html`,
      );
  });

  it('a forced run sends an alert, which says late if the input treats late as a failure', async ({ expect }) => {
    const [forced, late] = await Promise.all([
      aws.run({ sources: sources('/forced'), work: slow('forced') }),
      aws.run({ sources: sources('/late'), work: slow('late'), onLate: 'fail' }),
    ]);
    await expect.poll(() => about(forced.runId)).toContainEqual(expect.stringContaining('was FORCED: 1 of 2'));
    await expect.poll(() => about(late.runId)).toContainEqual(expect.stringContaining('is LATE: 1 of 2'));
  });

  it('a run that a person forces by the input sends an alert with its real outcome', async ({ expect }) => {
    const run = await aws.run({ sources: sources('/by-hand'), work: slow('by-hand'), force: true });
    expect(run.manifest).toMatchObject({ outcome: 'partial', forced: true, reason: 'input' });
    const later = await aws.run({ sources: sources('/none-after') });
    await expect.poll(() => about(later.runId)).not.toEqual([]);
    expect((await about(run.runId)).filter((alert) => !alert.includes('OLD'))).toEqual([]);
  });

  it('a run that could not be closed sends an alert', async ({ expect }) => {
    const { StackResources = [] } = await new CloudFormationClient(aws.client).send(
      new DescribeStackResourcesCommand({ StackName: 'Sluice' }),
    );
    const closing = StackResources.map(({ PhysicalResourceId = '' }) => PhysicalResourceId).find((id) =>
      id.endsWith(':stateMachine:Sluice-close-run'),
    );
    const name = `broken-${crypto.randomUUID()}`;
    await aws.sfn.send(new StartExecutionCommand({ stateMachineArn: closing, name, input: '{"no":"execution"}' }));
    await expect.poll(() => about(name)).toContainEqual(expect.stringContaining('was NOT CLOSED'));
  });
});

it.concurrent('each metric is sent by a run and its workers, under the name of the stack', async ({ expect }) => {
  const cloudWatch = new CloudWatchClient(aws.client);
  const { manifest } = await aws.run({ sources: sources('/measured', '/none-measured'), process: 'profile' });
  expect(manifest?.outcome).toBe('partial');
  const sent = async () => {
    const { Metrics = [] } = await cloudWatch.send(new ListMetricsCommand({ Namespace: METRICS_NAMESPACE }));
    for (const { Dimensions } of Metrics) expect(Dimensions).toContainEqual({ Name: 'service', Value: 'Sluice' });
    return [...new Set(Metrics.map(({ MetricName }) => MetricName))].sort();
  };
  await expect.poll(sent).toEqual(Object.keys(METRICS).sort());
});

describe('the alerts of the watch', () => {
  const watch = async () => {
    const payload = JSON.stringify({ runs: aws.outputs.StateMachineArn });
    const { FunctionError, Payload } = await lambda.send(
      new InvokeCommand({ FunctionName: 'Sluice-watch', Payload: Buffer.from(payload) }),
    );
    expect(FunctionError, Payload?.transformToString()).toBeUndefined();
  };

  it('the watch sends one alert on a run that takes too long', async () => {
    const arn = await aws.start({ work: slow('old') });
    const runId = arn.split(':').at(-1) ?? '';
    // 3.6 s, by the setting of this deployment.
    await expect
      .poll(async () => {
        await watch();
        return about(runId);
      })
      .toContainEqual(expect.stringContaining(`run ${runId} is OLD: it has been running for 0`));
    await watch();
    await aws.stop(arn);
    await expect.poll(() => about(runId)).toContainEqual(expect.stringContaining('FAILED'));
    expect((await about(runId)).filter((alert) => alert.includes('OLD'))).toHaveLength(1);
  });

  it('the watch sends an alert on a schedule that did not start, with the command that starts the run', async () => {
    // The watch reports a slot half an hour after its time, and looks back 24 hours from there. At each time of the
    // day, one slot is in that span.
    const until = new Date(Date.now() - 25 * 3_600_000).toISOString();
    await writeJson(aws.store, WATCH_STATE_KEY, { v: 1, until: { 'never cron(30 4 * * ? *) UTC': until } });
    await watch();
    await expect
      .poll(() => about('schedule never'))
      .toContainEqual(
        expect.stringMatching(
          /did NOT START its run of (\S+)\. To start it: npx sluice backfill never --from \1 --to \1/,
        ),
      );
  });

  it('a failure of the watch itself sends an alert', async () => {
    const { FunctionError } = await lambda.send(
      new InvokeCommand({ FunctionName: 'Sluice-watch', Payload: Buffer.from('{}') }),
    );
    expect(FunctionError).toBeDefined();
    await expect.poll(alerts).toContainEqual(expect.stringContaining('Sluice-watch-failed is ALARM'));
  });
});

describe('an alarm', () => {
  it.each([
    ['dead-letters', 'DeadLetterQueueUrl'],
    ['undelivered', 'UndeliveredQueueUrl'],
  ] as const)('the alarm %s is raised by a message in its queue', async (alarm, output) => {
    const QueueUrl = aws.outputs[output];
    await aws.queue.client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'nobody’s' }));
    await expect.poll(alerts).toContainEqual(expect.stringContaining(`Sluice-${alarm} is ALARM`));
    await aws.queue.client.send(new PurgeQueueCommand({ QueueUrl }));
  });

  it.each(['open', 'slice'])('the alarm on throttles is raised if Lambda has no capacity for %s', async (name) => {
    const FunctionName = `Sluice-${name}`;
    await lambda.send(new PutFunctionConcurrencyCommand({ FunctionName, ReservedConcurrentExecutions: 0 }));
    try {
      const once = new LambdaClient({ ...aws.client, maxAttempts: 1 });
      for (let call = 0; call < 10; call++) {
        await expect(once.send(new InvokeCommand({ FunctionName }))).rejects.toThrow(/Rate Exceeded/);
      }
      await expect.poll(alerts).toContainEqual(expect.stringContaining(`Sluice-throttles-${name} is ALARM`));
    } finally {
      await lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));
    }
  });

  it('the alarm on spend is raised when the runs of 24 hours cost as much as the setting permits', async () => {
    const spent = async () => {
      const { Datapoints = [] } = await new CloudWatchClient(aws.client).send(
        new GetMetricStatisticsCommand({
          ...{ Namespace: METRICS_NAMESPACE, MetricName: 'RunDollars', Statistics: ['Sum'], Period: 86_400 },
          Dimensions: [{ Name: 'service', Value: 'Sluice' }],
          StartTime: new Date(Date.now() - 86_400_000),
          EndTime: new Date(Date.now() + 60_000),
        }),
      );
      return Datapoints.reduce((sum, { Sum = 0 }) => sum + Sum, 0);
    };
    do {
      const before = await spent();
      const { manifest } = await aws.run({ sources: sources('/spend') });
      const { dollars } = manifest ?? {};
      expect(dollars).toBeGreaterThan(0);
      await expect.poll(spent).toBeGreaterThanOrEqual(before + (dollars ?? 0) - 1e-9);
    } while ((await spent()) < 0.002);
    await expect
      .poll(alerts)
      .toContainEqual(
        'Sluice-spend is ALARM: The runs that ended in the last 24 hours cost $0.002 or more by list prices (alerts.dollarsADay). docs/operations.md#spend',
      );
  });

  it('the deployment has exactly these alarms', async () => {
    const { MetricAlarms = [] } = await new CloudWatchClient(aws.client).send(new DescribeAlarmsCommand({}));
    expect(MetricAlarms.map(({ AlarmName }) => AlarmName).sort()).toEqual([
      'Sluice-dead-letters',
      'Sluice-spend',
      'Sluice-throttles-open',
      'Sluice-throttles-slice',
      'Sluice-undelivered',
      'Sluice-watch-failed',
    ]);
  });
});
