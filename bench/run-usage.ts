/**
 * `node bench/run-usage.ts --items 200`: what a run of small files with a processor takes for an item on the embedded
 * AWS: requests to S3 by operation, counted by a proxy before it, and bytes of logs as CloudWatch counts them (26 more
 * an event). `costs/usage.ts` holds the figures.
 */
import {
  CloudWatchLogsClient,
  paginateDescribeLogGroups,
  paginateFilterLogEvents,
} from '@aws-sdk/client-cloudwatch-logs';
import { DescribeTaskDefinitionCommand, ECSClient, RegisterTaskDefinitionCommand } from '@aws-sdk/client-ecs';
import {
  LambdaClient,
  PublishVersionCommand,
  paginateListFunctions,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import {
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  SFNClient,
  StartExecutionCommand,
  UpdateStateMachineCommand,
} from '@aws-sdk/client-sfn';
import { scriptOptions } from '#local/script-options.ts';
import { startDeployedAws } from '#test/helpers/embedded-aws.ts';
import { startS3FaultProxy } from '#test/helpers/s3-fault-proxy.ts';
import { csvNamed, startWeb } from '#test/helpers/web.ts';

const { values } = scriptOptions({
  command: 'node bench/run-usage.ts',
  about: 'Counts the S3 requests and the log bytes of a run of small files.',
  options: {
    items: { type: 'string', takes: 'NUMBER', default: '200', what: 'files of the run' },
  },
});
const items = Number(values.items);
/** CloudWatch Logs adds this to each event. */
const EVENT_BYTES = 26;
const OPERATIONS = [
  'GetObject',
  'HeadObject',
  'PutObject',
  'ListObjects',
  'CreateMultipartUpload',
  'UploadPart',
  'CompleteMultipartUpload',
] as const;

const aws = await startDeployedAws({ 'gate.mayEndBeforeItems': true, 'workers.idleSeconds': 5 });
const web = await startWeb((request, response) => void response.writeHead(200).end(csvNamed(request.url ?? '')));
const s3 = await startS3FaultProxy(aws.endpoint);
try {
  await sendAllByProxy();
  const sfn = new SFNClient(aws.client);
  const { executionArn } = await sfn.send(
    new StartExecutionCommand({
      stateMachineArn: aws.outputs.StateMachineArn,
      input: JSON.stringify({
        sources: Array.from({ length: items }, (_, n) => ({ url: `${web.url}/${n}.csv`, key: `usage/${n}.csv` })),
        process: 'profile',
      }),
    }),
  );
  let status = 'RUNNING';
  while (status === 'RUNNING') {
    await new Promise((resolve) => setTimeout(resolve, 500));
    status = (await sfn.send(new DescribeExecutionCommand({ executionArn }))).status ?? '';
  }
  console.log(`${items} items: ${status}`);
  for (const operation of OPERATIONS)
    console.log(`${operation}: ${(s3.operations(operation) / items).toFixed(2)} an item`);
  const logs = await logBytes();
  for (const [group, bytes] of logs) if (bytes > 0) console.log(`${group}: ${Math.round(bytes / items)} bytes an item`);
  console.log(
    `logs in all: ${Math.round([...logs.values()].reduce((sum, bytes) => sum + bytes, 0) / items)} bytes an item`,
  );
  console.log(`records of the run: ${Math.round((await recordBytes(executionArn ?? '')) / items)} bytes an item`);
} finally {
  await s3.stop();
  await web.stop();
  await aws.stop();
}

/**
 * Publishes the functions as new versions, which the state machine then calls, and the workers by a new task
 * definition.
 */
async function sendAllByProxy(): Promise<void> {
  const lambda = new LambdaClient(aws.client);
  const versions = new Map<string, string>();
  for await (const { Functions = [] } of paginateListFunctions({ client: lambda }, {})) {
    for (const { FunctionName = '', Environment } of Functions) {
      if (Environment?.Variables?.SLUICE_BUCKET === undefined) continue;
      const Variables = { ...Environment.Variables, AWS_ENDPOINT_URL_S3: s3.endpoint };
      await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables } }));
      versions.set(FunctionName, (await lambda.send(new PublishVersionCommand({ FunctionName }))).Version ?? '');
    }
  }
  const sfn = new SFNClient(aws.client);
  const stateMachineArn = aws.outputs.StateMachineArn;
  const { definition = '' } = await sfn.send(new DescribeStateMachineCommand({ stateMachineArn }));
  const renumbered = definition.replace(/(?<=:function:)([\w-]+):\d+/g, (_, name) => `${name}:${versions.get(name)}`);
  await sfn.send(new UpdateStateMachineCommand({ stateMachineArn, definition: renumbered }));
  const ecs = new ECSClient(aws.client);
  const taskFamily = aws.outputs.TaskFamily ?? '';
  const { taskDefinition } = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: taskFamily }));
  const [container] = taskDefinition?.containerDefinitions ?? [];
  const { cpu, memory, networkMode, requiresCompatibilities, taskRoleArn, executionRoleArn, runtimePlatform } =
    taskDefinition ?? {};
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family: taskFamily,
      ...{ cpu, memory, networkMode, requiresCompatibilities, taskRoleArn, executionRoleArn, runtimePlatform },
      containerDefinitions: [
        {
          ...container,
          environment: [...(container?.environment ?? []), { name: 'AWS_ENDPOINT_URL_S3', value: s3.endpoint }],
        },
      ],
    }),
  );
}

async function logBytes(): Promise<Map<string, number>> {
  const client = new CloudWatchLogsClient(aws.client);
  const bytes = new Map<string, number>();
  for await (const { logGroups = [] } of paginateDescribeLogGroups({ client }, {})) {
    for (const { logGroupName = '' } of logGroups) {
      let sum = 0;
      for await (const { events = [] } of paginateFilterLogEvents({ client }, { logGroupName })) {
        for (const { message = '' } of events) sum += Buffer.byteLength(message) + EVENT_BYTES;
      }
      bytes.set(logGroupName, sum);
    }
  }
  return bytes;
}

async function recordBytes(executionArn: string): Promise<number> {
  const client = new S3Client({ ...aws.client, forcePathStyle: true });
  const Prefix = `runs/${executionArn.split(':').at(-1)}/`;
  let sum = 0;
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket: aws.outputs.BucketName, Prefix }))
    for (const { Size = 0 } of Contents) sum += Size;
  return sum;
}
