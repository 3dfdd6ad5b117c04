import { setTimeout as sleep } from 'node:timers/promises';
import {
  DescribeTaskDefinitionCommand,
  ECSClient,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
} from '@aws-sdk/client-ecs';
import {
  LambdaClient,
  PublishVersionCommand,
  paginateListFunctions,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { DescribeStateMachineCommand, UpdateStateMachineCommand } from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LAMBDA_NAMES, type LambdaName } from '#lib/functions/lambda-entries.ts';
import { readRequests, refusalsIn } from '#local/embedded/request-log.ts';
import { runKeys } from '#run/keys.ts';
import { gateRecordSchema } from '#run/ledger/gate-record.ts';
import { plannedItems } from '#run/ledger/progress.ts';
import { readPlanSummary } from '#run/plan/plan-summary.ts';
import { readJson } from '#run/store.ts';
import { type Ended, useDeployedAws } from '#test/helpers/deployed.ts';
import { recordedItems } from '#test/helpers/run.ts';
import { seededRandom } from '#test/helpers/s3-fault-proxy/random.ts';
import { type S3FaultProxy, startS3FaultProxy } from '#test/helpers/s3-fault-proxy.ts';
import { type SqsFaultProxy, startSqsFaultProxy } from '#test/helpers/sqs-fault-proxy.ts';
import { csvNamed, startWeb, type Web } from '#test/helpers/web.ts';
import { kill, workerProcesses } from '#test/helpers/worker-processes.ts';

const WORK = 200;
const SOURCES = 60;
/** Sources that don't exist, and work whose options are refused: these end as failures. */
const MISSING = 5;
const REFUSED = 5;
const SEED = Number(process.env.SLUICE_CHAOS_SEED ?? Date.now() % 1_000_000);

const aws = await useDeployedAws();
const random = seededRandom(SEED);
let web: Web;
let workersS3: S3FaultProxy;
let lambdasS3: S3FaultProxy;
let sqs: SqsFaultProxy;
let queueUrl = '';

beforeAll(async () => {
  console.log(`seed ${SEED}; the same again by SLUICE_CHAOS_SEED=${SEED}`);
  web = await startWeb((request, response) => {
    if (request.url === '/robots.txt') return void response.writeHead(404).end();
    if (request.url?.startsWith('/missing')) return void response.writeHead(404).end();
    if (request.url?.endsWith('.csv')) return void response.writeHead(200).end(csvNamed(request.url));
    // Long enough for kills to hit items under way.
    const answer = () => response.writeHead(200, { 'content-type': 'text/html' }).end('<title>page</title>');
    // Some are slow enough for heartbeats; the proxy delays half of these.
    setTimeout(answer, random() < 0.15 ? 4_500 : 200 + 400 * random());
  });
  [workersS3, lambdasS3] = await Promise.all([startFailingS3(SEED), startFailingS3(SEED + 1)]);
  sqs = await startSqsFaultProxy(aws.client, {
    seed: SEED,
    duplicate: 0.15,
    dropDelete: 0.15,
    delayVisibility: 0.5,
    delayMs: 4_000,
    failReceives: 5,
  });
  queueUrl = sqs.queueUrl(aws.queue.url);
  await Promise.all([sendWorkersByProxies(), sendLambdasByProxy()]);
});
afterAll(async () => {
  await Promise.all([workersS3, lambdasS3].map((s3) => s3.stop()));
  await sqs[Symbol.asyncDispose]();
  await web.stop();
});

/** S3 answers SlowDown to one request of twenty, and the answer to a write is sometimes lost. */
function startFailingS3(seed: number): Promise<S3FaultProxy> {
  return startS3FaultProxy(aws.client.endpoint, {
    seed,
    rules: [
      {
        when: { operation: ['PutObject', 'GetObject', 'HeadObject', 'ListObjects'], probability: 0.05 },
        fault: { kind: 'error', status: 503, code: 'SlowDown' },
      },
      { when: { operation: 'PutObject', key: /^runs/, probability: 0.03 }, fault: { kind: 'lost-answer' } },
    ],
  });
}

/** The pipeline's own functions reach S3 through a proxy, too: as new versions, which the state machine then calls. */
async function sendLambdasByProxy(): Promise<void> {
  const lambda = new LambdaClient(aws.client);
  const versions = new Map<string, string>();
  for await (const { Functions = [] } of paginateListFunctions({ client: lambda }, {})) {
    for (const { FunctionName, Environment } of Functions) {
      if (Environment?.Variables?.SLUICE_BUCKET === undefined) continue;
      const Variables = { ...Environment.Variables, AWS_ENDPOINT_URL_S3: lambdasS3.endpoint };
      await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables } }));
      const { Version } = await lambda.send(new PublishVersionCommand({ FunctionName }));
      versions.set(FunctionName ?? '', Version ?? '');
    }
  }
  // All but AtDeploy, which does not belong to a run, and Load, Watch and WatchQueues, which are deployed only with a
  // setting.
  const others = new Set<LambdaName>(['at-deploy', 'load', 'watch', 'watch-queues']);
  expect(versions.size).toBe(LAMBDA_NAMES.filter((name) => !others.has(name)).length);
  const stateMachineArn = aws.outputs.StateMachineArn;
  const { definition = '' } = await aws.sfn.send(new DescribeStateMachineCommand({ stateMachineArn }));
  await aws.sfn.send(
    new UpdateStateMachineCommand({
      stateMachineArn,
      definition: definition.replace(/(?<=:function:)([\w-]+):\d+/g, (_, name) => `${name}:${versions.get(name)}`),
    }),
  );
}

/**
 * A revision of the task definition whose workers reach S3 and SQS through the proxies; tasks are started by family.
 */
async function sendWorkersByProxies(): Promise<void> {
  const ecs = new ECSClient(aws.client);
  const { taskDefinition } = await ecs.send(
    new DescribeTaskDefinitionCommand({ taskDefinition: aws.outputs.TaskFamily }),
  );
  const [container] = taskDefinition?.containerDefinitions ?? [];
  const environment = (container?.environment ?? []).filter(({ name }) => name !== 'SLUICE_QUEUE_URL');
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: aws.outputs.TaskFamily,
      cpu: taskDefinition?.cpu,
      memory: taskDefinition?.memory,
      networkMode: taskDefinition?.networkMode,
      requiresCompatibilities: taskDefinition?.requiresCompatibilities,
      taskRoleArn: taskDefinition?.taskRoleArn,
      executionRoleArn: taskDefinition?.executionRoleArn,
      runtimePlatform: taskDefinition?.runtimePlatform,
      containerDefinitions: [
        {
          ...container,
          environment: [
            ...environment,
            { name: 'SLUICE_QUEUE_URL', value: queueUrl },
            { name: 'AWS_ENDPOINT_URL_S3', value: workersS3.endpoint },
          ],
        },
      ],
    }),
  );
}

describe.runIf(process.platform === 'linux')(
  'two runs on one queue, with workers killed and S3 and SQS failing',
  () => {
    it('two runs on one queue end every item exactly once and leave no task, while workers are killed and S3 and SQS fail', {
      timeout: 600_000,
    }, async () => {
      const first = await aws.start({
        work: Array.from({ length: WORK }, (_, n) => ({
          processor: 'scrape',
          name: `page ${n}`,
          input: { url: `${web.url}/${n}` },
          options: n < REFUSED ? { maxPages: -1 } : { delaySeconds: 0 },
        })),
      });
      const second = await aws.start({
        sources: Array.from({ length: SOURCES }, (_, n) => ({
          url: `${web.url}/${n < MISSING ? 'missing-' : ''}${n}.csv`,
          key: `chaos/${n}.csv`,
        })),
        process: 'profile',
      });

      const stop = new AbortController();
      const killing = killAtRandom(stop.signal);
      const runs = await Promise.all([first, second].map((arn) => aws.end(arn, 500))).finally(() => stop.abort());
      const kills = await killing;
      const s3 = { ofWorkers: workersS3.happened.length, ofLambdas: lambdasS3.happened.length };
      const faults = { ...kills, ...s3, ...sqs.happened };
      console.log(`faults: ${JSON.stringify(faults)}`);
      // Otherwise there was no chaos.
      for (const count of Object.values(faults)) expect(count).toBeGreaterThan(0);

      const failures = [REFUSED, MISSING];
      for (const [index, run] of runs.entries()) await expectEndedOnce(run, failures[index] ?? 0);
      await expect.poll(tasksLeft, { interval: 500 }).toEqual([]);
      await expect.poll(() => workerProcesses(queueUrl)).toEqual([]);
      expect(refusalsIn(await readRequests(aws.requestsFile))).toEqual([]);
    });
  },
);

/**
 * A kill counts as a try of each item that the worker was processing. An item has ten tries; more tries on a slow
 * machine would prove less.
 */
const MOST_KILLS = 25;

/** Kills a worker or a process of an item every one to four seconds. @returns how many of each. */
async function killAtRandom(stop: AbortSignal): Promise<{ killedWorkers: number; killedItems: number }> {
  const kills = { worker: 0, item: 0 };
  while (!stop.aborted && kills.worker + kills.item < MOST_KILLS) {
    await sleep(1_000 + 3_000 * random(), undefined, { signal: stop }).catch(() => undefined);
    // A worker has several item processes, so a random choice would seldom hit the worker itself.
    const wanted = random() < 0.6 ? 'worker' : 'item';
    const processes = (await workerProcesses(queueUrl)).filter(({ kind }) => kind === wanted);
    const victim = processes[Math.floor(random() * processes.length)];
    if (stop.aborted || victim === undefined) continue;
    if (kill(victim)) kills[wanted]++;
  }
  return { killedWorkers: kills.worker, killedItems: kills.item };
}

async function expectEndedOnce(run: Ended, failed: number): Promise<void> {
  const { runId } = run;
  const plan = await readPlanSummary(aws.store, runId);
  const planned = new Set((await Array.fromAsync(plannedItems(aws.store, plan))).map(({ id }) => id));
  const [results, failures] = await Promise.all([
    recordedItems(aws.store, runId, 'results'),
    recordedItems(aws.store, runId, 'failures'),
  ]);
  expect(run.status).toBe('SUCCEEDED');
  expect(run.manifest).toMatchObject({
    forced: false,
    counts: { items: planned.size, done: planned.size - failed, failed, missing: 0 },
  });
  expect(failures.size).toBe(failed);
  expect(results.intersection(failures)).toEqual(new Set());
  expect(results.union(failures)).toEqual(planned);
  expect(run.items.map(({ item }) => item).sort()).toEqual([...planned].sort());
  await expectGateClosed(runId);
}

/** The gate opens at the first look that began after the last record, so within one interval of it. */
async function expectGateClosed(runId: string): Promise<void> {
  const gate = await readJson(aws.store, runKeys(runId).gate, gateRecordSchema);
  const samples = gate?.samples ?? [];
  const last = await lastRecordMs(runId);
  const opened = samples.at(-1);
  console.log(`${runId}: the gate opened ${(Date.parse(opened?.at ?? '') - last) / 1_000} s after the last record`);
  expect(opened).toMatchObject({ missing: 0, exact: true });
  // One look that began before the last record may be noted after it, but no second one.
  expect(samples.filter(({ at, missing }) => missing > 0 && Date.parse(at) > last).length).toBeLessThanOrEqual(1);
  // The gatekeeper does not look again after the gate is open, unless S3 fails the look after its sample was stored.
  const open = samples.filter(({ missing }) => missing === 0);
  expect(open.length).toBeLessThanOrEqual(2);
  expect(samples.slice(-open.length)).toEqual(open);
}

async function lastRecordMs(runId: string): Promise<number> {
  let last = 0;
  for (const ledger of ['results', 'failures'] as const) {
    const { Contents = [] } = await aws.store.client.send(
      new ListObjectsV2Command({ Bucket: aws.store.bucket, Prefix: runKeys(runId).ledger(ledger) }),
    );
    for (const { LastModified } of Contents) last = Math.max(last, LastModified?.getTime() ?? 0);
  }
  return last;
}

async function tasksLeft(): Promise<string[]> {
  const ecs = new ECSClient(aws.client);
  const { taskArns = [] } = await ecs.send(
    new ListTasksCommand({ cluster: aws.outputs.ClusterName, desiredStatus: 'RUNNING' }),
  );
  return taskArns;
}
