import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import {
  CreateClusterCommand,
  DescribeTasksCommand,
  ECSClient,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestAws } from '#test/helpers/embedded-aws.ts';
import { createRole } from '#test/helpers/iam.ts';

let aws: Awaited<ReturnType<typeof startTestAws>>;
beforeAll(async () => {
  aws = await startTestAws();
});
afterAll(() => aws.stop());

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** A task that says its pid to a server of ours, and that takes its time to end. */
async function startTask(ecs: ECSClient, family: string, clientToken?: string) {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const script = `process.on('SIGTERM', () => setTimeout(() => process.exit(3), 300));
    fetch('http://127.0.0.1:${port}/', { method: 'POST', body: JSON.stringify({ pid: process.pid, version: process.version, env: process.env }) });
    setInterval(() => {}, 1000)`;
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      family,
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      cpu: '256',
      memory: '512',
      runtimePlatform: { cpuArchitecture: 'ARM64', operatingSystemFamily: 'LINUX' },
      containerDefinitions: [
        {
          name: 'worker',
          image: 'node:24',
          command: ['node', '-e', script],
          stopTimeout: 120,
          environment: [{ name: 'COLOUR', value: 'blue' }],
        },
      ],
    }),
  );
  const run = () =>
    ecs.send(
      new RunTaskCommand({
        cluster: 'cluster',
        taskDefinition: family,
        count: 1,
        startedBy: `test-${family}`,
        clientToken,
        capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }],
        networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'], assignPublicIp: 'ENABLED' } },
      }),
    );
  const { tasks } = await run();
  const [request, response] = await once(server, 'request');
  response.end();
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  server.closeAllConnections();
  server.close();
  const said = JSON.parse(Buffer.concat(chunks).toString()) as {
    pid: number;
    version: string;
    env: Record<string, string>;
  };
  return { arn: tasks?.[0]?.taskArn ?? '', said, again: run };
}

describe('multipart uploads with a whole-object CRC32', () => {
  const base64 = (crc: number) => Buffer.from(crc.toString(16).padStart(8, '0'), 'hex').toString('base64');
  const pieces = [randomBytes(5 * 1_024 * 1_024), randomBytes(1_000)];
  const whole = Buffer.concat(pieces);
  let s3: S3Client;
  beforeAll(async () => {
    s3 = new S3Client({ ...aws.client });
    await s3.send(new CreateBucketCommand({ Bucket: 'crc-test' }));
  });

  async function upload(key: string, wholeCrc: string, size: number) {
    const target = { Bucket: 'crc-test', Key: key };
    const { UploadId } = await s3.send(
      new CreateMultipartUploadCommand({ ...target, ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' }),
    );
    const Parts = [];
    for (const [index, Body] of pieces.entries()) {
      const PartNumber = index + 1;
      const ChecksumCRC32 = base64(crc32(Body));
      const { ETag } = await s3.send(new UploadPartCommand({ ...target, UploadId, PartNumber, Body, ChecksumCRC32 }));
      Parts.push({ PartNumber, ETag, ChecksumCRC32 });
    }
    return s3.send(
      new CompleteMultipartUploadCommand({
        ...target,
        UploadId,
        MultipartUpload: { Parts },
        ChecksumCRC32: wholeCrc,
        ChecksumType: 'FULL_OBJECT',
        MpuObjectSize: size,
      }),
    );
  }

  it('Complete on the embedded AWS accepts a right CRC32 of the whole object, and returns it at Head', async () => {
    await upload('right', base64(crc32(whole)), whole.length);
    const head = await s3.send(new HeadObjectCommand({ Bucket: 'crc-test', Key: 'right', ChecksumMode: 'ENABLED' }));
    expect(head).toMatchObject({ ChecksumCRC32: base64(crc32(whole)), ChecksumType: 'FULL_OBJECT' });
  });

  it('Complete on the embedded AWS refuses a wrong CRC32 with BadDigest', async () => {
    await expect(upload('wrong', base64((crc32(whole) ^ 1) >>> 0), whole.length)).rejects.toMatchObject({
      name: 'BadDigest',
    });
    await expect(s3.send(new HeadObjectCommand({ Bucket: 'crc-test', Key: 'wrong' }))).rejects.toMatchObject({
      name: 'NotFound',
    });
  });

  it('Complete on the embedded AWS refuses a wrong size', async () => {
    await expect(upload('size', base64(crc32(whole)), whole.length - 1)).rejects.toThrow(/mp-object-size/);
  });
});

describe('Fargate tasks', () => {
  let ecs: ECSClient;
  beforeAll(async () => {
    ecs = new ECSClient({ ...aws.client });
    await ecs.send(
      new CreateClusterCommand({ clusterName: 'cluster', capacityProviders: ['FARGATE', 'FARGATE_SPOT'] }),
    );
  });

  const describeTask = async (arn: string) =>
    (await ecs.send(new DescribeTasksCommand({ cluster: 'cluster', tasks: [arn] }))).tasks?.[0];

  it('Fargate tasks run the command on this Node, with the endpoint and their own environment', async () => {
    const { arn, said } = await startTask(ecs, 'plain');
    expect(said.version).toBe(process.version);
    expect(said.env).toMatchObject({
      COLOUR: 'blue',
      AWS_ENDPOINT_URL: aws.endpoint,
      AWS_REGION: aws.region,
    });
    // The task definition names no role.
    expect(said.env).not.toHaveProperty('AWS_CONTAINER_CREDENTIALS_FULL_URI');
    const listed = await ecs.send(new ListTasksCommand({ cluster: 'cluster', startedBy: 'test-plain' }));
    expect(listed.taskArns).toEqual([arn]);
    expect(await describeTask(arn)).toMatchObject({ capacityProviderName: 'FARGATE_SPOT' });
  });

  it('Fargate tasks become STOPPED when their process is killed', async () => {
    const { arn, said } = await startTask(ecs, 'killed');
    process.kill(said.pid, 'SIGKILL');
    await vi.waitFor(
      async () =>
        expect(await describeTask(arn)).toMatchObject({
          lastStatus: 'STOPPED',
          stopCode: 'EssentialContainerExited',
          containers: [{ exitCode: 137 }],
        }),
      { timeout: 180_000 },
    );
  });

  it('Fargate tasks get SIGTERM from StopTask, and time to end', async () => {
    const { arn, said } = await startTask(ecs, 'stopped');
    await ecs.send(new StopTaskCommand({ cluster: 'cluster', task: arn, reason: 'a test' }));
    expect(isAlive(said.pid)).toBe(true);
    await vi.waitFor(() => expect(isAlive(said.pid)).toBe(false), { timeout: 180_000 });
    expect(await describeTask(arn)).toMatchObject({ stopCode: 'UserInitiated', stoppedReason: 'a test' });
  });

  it('Fargate tasks are not started twice for one clientToken', async () => {
    const { arn, again } = await startTask(ecs, 'token', 'one');
    expect((await again()).tasks?.map((task) => task.taskArn)).toEqual([arn]);
  });
});

describe('an execution that is stopped', () => {
  it('a stopped execution calls nothing any more, and stays ABORTED', async () => {
    const sfn = new SFNClient({ ...aws.client });
    const definition = {
      StartAt: 'Send',
      States: {
        Send: {
          Type: 'Task',
          Resource: 'arn:aws:states:::sqs:sendMessage',
          Parameters: { QueueUrl: `${aws.endpoint}/${aws.account}/there-is-none`, MessageBody: '' },
          Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 1, BackoffRate: 1, MaxAttempts: 5 }],
          End: true,
        },
      },
    };
    const { stateMachineArn } = await sfn.send(
      new CreateStateMachineCommand({
        name: 'retries',
        roleArn: await createRole(aws.client, 'retries', 'states.amazonaws.com', []),
        definition: JSON.stringify(definition),
      }),
    );
    const { executionArn } = await sfn.send(new StartExecutionCommand({ stateMachineArn }));
    const calls = async () => {
      const { events = [] } = await sfn.send(new GetExecutionHistoryCommand({ executionArn }));
      return events.filter(({ type }) => type === 'TaskScheduled').length;
    };
    await expect.poll(calls).toBeGreaterThan(0);
    await sfn.send(new StopExecutionCommand({ executionArn }));
    const made = await calls();
    // By now, all of its retries would have been made, and it would have failed.
    await sleep(7_000);
    expect(await calls()).toBe(made);
    const { status } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
    expect(status).toBe('ABORTED');
  });
});

describe('the end', () => {
  it('server and tasks end with the parent, even if the parent is killed', async () => {
    const module = fileURLToPath(new URL('../../local/embedded/embedded-aws.ts', import.meta.url));
    const script = `const { startEmbeddedAws } = await import(${JSON.stringify(module)});
      const aws = await startEmbeddedAws({ logFile: ${JSON.stringify(`${aws.folder}/end.log`)} });
      console.log(JSON.stringify(aws.client)); setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(createInterface({ input: parent.stdout }), 'line');
    const client = JSON.parse(String(line)) as typeof aws.client;
    const { endpoint } = client;
    const ecs = new ECSClient(client);
    await ecs.send(new CreateClusterCommand({ clusterName: 'cluster', capacityProviders: ['FARGATE_SPOT'] }));
    const { said } = await startTask(ecs, 'orphan');
    parent.kill('SIGKILL');
    await vi.waitFor(() => expect(fetch(`${endpoint}/_ministack/health`)).rejects.toThrow(), { timeout: 180_000 });
    await vi.waitFor(() => expect(isAlive(said.pid)).toBe(false), { timeout: 180_000 });
  });
});
