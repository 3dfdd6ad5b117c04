import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  CloudFormationClient,
  DescribeStacksCommand,
  paginateDescribeStackEvents,
} from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { ECSClient, ListClustersCommand } from '@aws-sdk/client-ecs';
import { IAMClient, ListRolesCommand } from '@aws-sdk/client-iam';
import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { ListStateMachinesCommand, SFNClient } from '@aws-sdk/client-sfn';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deployStack, type LocalSettings } from '#local/deploy.ts';
import { startTestAws } from '#test/helpers/embedded-aws.ts';

let aws: Awaited<ReturnType<typeof startTestAws>>;
let deploys = 0;

beforeAll(async () => {
  aws = await startTestAws();
});
afterAll(() => aws?.stop());

const deploy = (settings: LocalSettings = {}, app?: string) =>
  deployStack(aws, { folder: join(aws.folder, `deploy-${++deploys}`), settings, ...(app !== undefined && { app }) });

/** The names of all that there is of a deployment, in each service where a person would look. */
async function whatIsThere(): Promise<string[]> {
  const { client } = aws;
  const [buckets, queues, functions, groups, machines, clusters, roles] = await Promise.all([
    new S3Client(client).send(new ListBucketsCommand({})),
    new SQSClient(client).send(new ListQueuesCommand({})),
    new LambdaClient(client).send(new ListFunctionsCommand({})),
    new CloudWatchLogsClient(client).send(new DescribeLogGroupsCommand({})),
    new SFNClient(client).send(new ListStateMachinesCommand({})),
    new ECSClient(client).send(new ListClustersCommand({})),
    new IAMClient(client).send(new ListRolesCommand({})),
  ]);
  return [
    ...(buckets.Buckets ?? []).map(({ Name }) => `bucket ${Name}`),
    ...(queues.QueueUrls ?? []).map((url) => `queue ${url.split('/').at(-1)}`),
    ...(functions.Functions ?? []).map(({ FunctionName }) => `function ${FunctionName}`),
    ...(groups.logGroups ?? []).map(({ logGroupName }) => `log group ${logGroupName}`),
    ...(machines.stateMachines ?? []).map(({ name }) => `state machine ${name}`),
    ...(clusters.clusterArns ?? []).map((arn) => `cluster ${arn}`),
    ...(roles.Roles ?? []).map(({ RoleName }) => `role ${RoleName}`),
  ].filter((name) => /sluice/i.test(name));
}

/** What the rollback of a stack has left where it was, by CloudFormation's own word. */
async function leftByTheRollback(StackName: string): Promise<string[]> {
  const cloudFormation = new CloudFormationClient(aws.client);
  const { Stacks = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName }));
  expect(Stacks[0]?.StackStatus).toBe('ROLLBACK_COMPLETE');
  const deleted = new Map<string, string>();
  for await (const { StackEvents = [] } of paginateDescribeStackEvents({ client: cloudFormation }, { StackName })) {
    for (const { ResourceStatus = '', LogicalResourceId = '', ResourceType } of StackEvents) {
      if (/^DELETE_(COMPLETE|SKIPPED|FAILED)$/.test(ResourceStatus)) {
        deleted.set(`${ResourceType} ${LogicalResourceId}`, ResourceStatus);
      }
    }
  }
  expect(deleted.size).toBeGreaterThan(60);
  return [...deleted].filter(([, status]) => status !== 'DELETE_COMPLETE').map(([resource]) => resource);
}

describe('a first deploy', () => {
  it('a first deploy that fails leaves nothing behind, and the next deploy works', async () => {
    const failing = fileURLToPath(new URL('./failing-app.ts', import.meta.url));
    await expect(deploy({ 'encryption.key': 'own' }, `${process.execPath} ${failing}`)).rejects.toThrow(
      'this function knows no resource of the type Custom::NoSuchStep',
    );
    expect(await whatIsThere()).toEqual([]);

    // The bucket, the key and the functions' versions among them, which outlive a stack that was there.
    expect(await leftByTheRollback('Sluice')).toEqual([]);

    const outputs = await deploy();
    const there = await whatIsThere();
    expect(there).toEqual(
      expect.arrayContaining([
        `bucket ${outputs.BucketName}`,
        'queue Sluice-work',
        'function Sluice-plan',
        'log group /aws/lambda/Sluice-plan',
        'state machine Sluice',
      ]),
    );
  });

  it("a first deploy creates ECS's service-linked role in an account without it, and uses an existing one", async () => {
    const iam = new IAMClient(aws.client);
    // The embedded AWS calls it AWSServiceRoleForEcs.
    const ecsRoles = async () => {
      const { Roles } = await iam.send(new ListRolesCommand({ PathPrefix: '/aws-service-role/ecs.amazonaws.com/' }));
      return Roles?.map(({ RoleId }) => RoleId);
    };
    const before = await ecsRoles();
    expect(before).toHaveLength(1);
    await deploy({ stackName: 'Second' });
    expect(await ecsRoles()).toEqual(before);
  });

  it('a deploy must not remove the access to the key of the first deploy', async () => {
    const outputs = await deploy({ stackName: 'Keyed', 'encryption.key': 'own' });
    const refused = deploy({ stackName: 'Keyed' });
    const sentence =
      /encryption\.key changes from (?<key>arn:aws:kms:\S+) to service.*Add it to the setting encryption\.formerKeys/s;
    await expect(refused).rejects.toThrow(sentence);
    const key = sentence.exec(String(await refused.catch((error: unknown) => error)))?.groups?.key;
    const changed = await deploy({ stackName: 'Keyed', 'encryption.formerKeys': [key] });
    expect(changed.BucketName).toBe(outputs.BucketName);
  });
});
