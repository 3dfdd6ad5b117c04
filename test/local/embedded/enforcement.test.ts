import {
  CreateClusterCommand,
  DescribeTasksCommand,
  ECSClient,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
} from '@aws-sdk/client-ecs';
import { CreateServiceLinkedRoleCommand, GetRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  GetObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readRequests } from '#local/embedded/request-log.ts';
import { startTestAws } from '#test/helpers/embedded-aws.ts';
import { assumeRole, createRole, type PolicyGrant } from '#test/helpers/iam.ts';

let aws: Awaited<ReturnType<typeof startTestAws>>;
beforeAll(async () => {
  aws = await startTestAws();
});
afterAll(() => aws.stop());

let roles = 0;
/** What an SDK client of a new role with these grants is made with. */
async function as(...grants: PolicyGrant[]) {
  const role = `Role${roles++}`;
  const credentials = await assumeRole(aws.client, await createRole(aws.client, role, 'root', grants));
  return { ...aws.client, credentials, role };
}

describe('the trust of a role', () => {
  it('the trust of a role compares aws:PrincipalArn with the role of a session, not with the session', async () => {
    const trusts = { ArnEquals: { 'aws:PrincipalArn': 'arn:aws:iam::000000000000:role/Trusted' } };
    const target = await createRole(aws.client, 'Guarded', 'root', [], trusts);
    const grant = { actions: ['sts:AssumeRole'], resources: [target] };
    const sessionOf = async (name: string) =>
      assumeRole(aws.client, await createRole(aws.client, name, 'root', [grant]));
    const [trusted, other] = [await sessionOf('Trusted'), await sessionOf('NotTrusted')];
    await expect(assumeRole({ ...aws.client, credentials: trusted }, target)).resolves.toHaveProperty('sessionToken');
    await expect(assumeRole({ ...aws.client, credentials: other }, target)).rejects.toThrow('not authorized');
  });
});

describe('keys', () => {
  it.each([
    ['test', 'test'],
    ['000000000000', 'test'],
  ])('the key %s belongs to nobody', async (accessKeyId, secretAccessKey) => {
    const s3 = new S3Client({ ...aws.client, credentials: { accessKeyId, secretAccessKey } });
    await expect(s3.send(new CreateBucketCommand({ Bucket: 'theirs' }))).rejects.toThrow(
      /does not exist in our records/,
    );
  });

  it('the key of root is refused with a wrong secret', async () => {
    const credentials = { ...aws.client.credentials, secretAccessKey: 'guessed' };
    const s3 = new S3Client({ ...aws.client, credentials });
    await expect(s3.send(new CreateBucketCommand({ Bucket: 'theirs' }))).rejects.toMatchObject({
      name: 'SignatureDoesNotMatch',
    });
  });

  it('the key of root is different in each embedded AWS', async () => {
    const other = await startTestAws();
    await other.stop();
    expect(other.client.credentials.accessKeyId).not.toBe(aws.client.credentials.accessKeyId);
    expect(other.client.credentials.secretAccessKey).not.toBe(aws.client.credentials.secretAccessKey);
  });
});

describe('a queue', () => {
  const create = async (name: string) => {
    const { QueueUrl = '' } = await new SQSClient(aws.client).send(new CreateQueueCommand({ QueueName: name }));
    return { url: QueueUrl, arn: `arn:aws:sqs:us-east-1:${aws.account}:${name}` };
  };

  it('a batch that is sent to or deleted from a queue needs the permission for the single actions', async () => {
    const queue = await create('batches');
    const sqs = new SQSClient(await as({ actions: ['sqs:SendMessage', 'sqs:DeleteMessage'], resources: [queue.arn] }));
    const Entries = [{ Id: 'one', MessageBody: 'hello' }];
    expect(await sqs.send(new SendMessageBatchCommand({ QueueUrl: queue.url, Entries }))).toMatchObject({
      Successful: [{ Id: 'one' }],
    });
    const deleted = await sqs.send(
      new DeleteMessageBatchCommand({ QueueUrl: queue.url, Entries: [{ Id: 'one', ReceiptHandle: 'none' }] }),
    );
    expect(deleted.$metadata.httpStatusCode).toBe(200);
  });

  it('a refused request to a queue gets a sentence with role, action and queue, and is recorded', async () => {
    const queue = await create('refuses');
    const { role, ...client } = await as({ actions: ['sqs:ReceiveMessage'], resources: [queue.arn] });
    const sqs = new SQSClient(client);
    const sentence = `${role}/test is not authorized to perform: sqs:GetQueueAttributes on resource: ${queue.arn} `;
    const asked = sqs.send(new GetQueueAttributesCommand({ QueueUrl: queue.url, AttributeNames: ['All'] }));
    await expect(asked).rejects.toThrow(sentence);
    expect(await readRequests(aws.requestsFile)).toContainEqual({
      role,
      action: 'sqs:GetQueueAttributes',
      resource: queue.arn,
      allowed: false,
      message: expect.stringContaining(sentence),
    });
  });
});

describe('IAM', () => {
  const role = 'arn:aws:iam::000000000000:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS';

  it('IAM checks the path of a service-linked role, and no path while the role does not exist', async () => {
    const grant = (actions: string[], resource: string): PolicyGrant => ({ actions, resources: [resource] });
    const iam = new IAMClient(
      await as(
        grant(['iam:GetRole'], 'arn:aws:iam::000000000000:role/AWSServiceRoleForECS'),
        grant(['iam:CreateServiceLinkedRole'], role),
      ),
    );
    await expect(iam.send(new GetRoleCommand({ RoleName: 'AWSServiceRoleForECS' }))).rejects.toMatchObject({
      name: 'NoSuchEntityException',
    });
    await iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: 'ecs.amazonaws.com' }));
    await expect(
      iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: 'batch.amazonaws.com' })),
    ).rejects.toThrow('role/aws-service-role/batch.amazonaws.com/');
  });
});

describe('a bucket', () => {
  it('requests to a bucket count as sent over TLS, which its policy may require', async () => {
    const s3 = new S3Client(aws.client);
    await s3.send(new CreateBucketCommand({ Bucket: 'tls' }));
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Deny',
          Principal: '*',
          Action: 's3:*',
          Resource: ['arn:aws:s3:::tls', 'arn:aws:s3:::tls/*'],
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
      ],
    });
    await s3.send(new PutBucketPolicyCommand({ Bucket: 'tls', Policy }));
    const mine = new S3Client(await as({ actions: ['s3:PutObject'], resources: ['arn:aws:s3:::tls/*'] }));
    await mine.send(new PutObjectCommand({ Bucket: 'tls', Key: 'one', Body: 'x' }));
  });

  it('a bucket refuses what its policy denies, even if the role permits it', async () => {
    const s3 = new S3Client(aws.client);
    await s3.send(new CreateBucketCommand({ Bucket: 'denies' }));
    const deny = { Effect: 'Deny', Principal: '*', Action: 's3:GetObject', Resource: 'arn:aws:s3:::denies/secret' };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [deny] });
    await s3.send(new PutBucketPolicyCommand({ Bucket: 'denies', Policy }));
    const mine = new S3Client(await as({ actions: ['s3:GetObject'], resources: ['arn:aws:s3:::denies/*'] }));
    await expect(mine.send(new GetObjectCommand({ Bucket: 'denies', Key: 'secret' }))).rejects.toThrow(
      /s3:GetObject on resource: arn:aws:s3:::denies\/secret with an explicit deny in a resource-based policy/,
    );
  });

  it('a bucket uses a key unchanged, with empty parts', async () => {
    await new S3Client(aws.client).send(new CreateBucketCommand({ Bucket: 'keys' }));
    const s3 = new S3Client(await as({ actions: ['s3:PutObject'], resources: ['arn:aws:s3:::keys/a/*'] }));
    await s3.send(new PutObjectCommand({ Bucket: 'keys', Key: 'a//b', Body: 'x' }));
    await expect(s3.send(new PutObjectCommand({ Bucket: 'keys', Key: '/a/b', Body: 'x' }))).rejects.toThrow(
      'on resource: arn:aws:s3:::keys//a/b ',
    );
  });
});

describe('ECS', () => {
  const arn = (resource: string) => `arn:aws:ecs:us-east-1:000000000000:${resource}`;
  const inCluster = { ArnEquals: { 'ecs:cluster': arn('cluster/mine') } };
  const run = { cluster: 'mine', taskDefinition: 'job', launchType: 'FARGATE' } as const;
  let taskRole: string;

  beforeAll(async () => {
    const ecs = new ECSClient(aws.client);
    taskRole = await createRole(aws.client, 'JobRole', 'ecs-tasks.amazonaws.com', []);
    for (const clusterName of ['mine', 'other']) await ecs.send(new CreateClusterCommand({ clusterName }));
    await ecs.send(
      new RegisterTaskDefinitionCommand({
        family: 'job',
        taskRoleArn: taskRole,
        containerDefinitions: [{ name: 'job', image: 'node:24', command: ['node', '-e', ''] }],
      }),
    );
  });

  const runs: PolicyGrant = {
    actions: ['ecs:RunTask'],
    resources: [arn('task-definition/job:*')],
    conditions: inCluster,
  };
  const passes = (): PolicyGrant => ({
    actions: ['iam:PassRole'],
    resources: [taskRole],
    conditions: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
  });

  it('ECS runs tasks by their definition, only in the cluster of the condition', async () => {
    const ecs = new ECSClient(await as(runs, passes()));
    expect((await ecs.send(new RunTaskCommand(run))).tasks).toHaveLength(1);
    await expect(ecs.send(new RunTaskCommand({ ...run, cluster: 'other' }))).rejects.toThrow(
      `ecs:RunTask on resource: ${arn('task-definition/job:1')}`,
    );
  });

  it('ECS runs no task whose role the caller may not pass', async () => {
    const ecs = new ECSClient(await as(runs));
    await expect(ecs.send(new RunTaskCommand(run))).rejects.toThrow(`iam:PassRole on resource: ${taskRole}`);
  });

  it('ECS runs no task with tags if the caller may not add tags', async () => {
    const tagged = { ...run, propagateTags: 'TASK_DEFINITION' } as const;
    const grants = [runs, passes()];
    await expect(new ECSClient(await as(...grants)).send(new RunTaskCommand(tagged))).rejects.toThrow(
      /ecs:TagResource on resource: .*:task\/mine\//,
    );
    const tags: PolicyGrant = {
      actions: ['ecs:TagResource'],
      resources: [arn('task/mine/*')],
      conditions: { StringEquals: { 'ecs:CreateAction': 'RunTask' } },
    };
    const may = new ECSClient(await as(...grants, tags));
    expect((await may.send(new RunTaskCommand(tagged))).tasks).toHaveLength(1);
  });

  it('ECS lists and describes tasks by the cluster of the condition', async () => {
    const ecs = new ECSClient(
      await as(
        { actions: ['ecs:ListTasks'], resources: ['*'], conditions: inCluster },
        { actions: ['ecs:DescribeTasks'], resources: [arn('task/mine/*')], conditions: inCluster },
      ),
    );
    const { taskArns } = await ecs.send(new ListTasksCommand({ cluster: 'mine', family: 'job' }));
    expect(taskArns).toBeDefined();
    const tasks = [arn('task/mine/0123456789abcdef')];
    expect((await ecs.send(new DescribeTasksCommand({ cluster: 'mine', tasks }))).failures).toHaveLength(1);
    await expect(ecs.send(new ListTasksCommand({ cluster: 'other' }))).rejects.toThrow('ecs:ListTasks on resource: *');
    await expect(ecs.send(new DescribeTasksCommand({ cluster: 'other', tasks: ['0123456789abcdef'] }))).rejects.toThrow(
      `ecs:DescribeTasks on resource: ${arn('task/other/0123456789abcdef')}`,
    );
  });
});
