import { CloudFormationClient, paginateDescribeStackEvents } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient, paginateDescribeLogGroups } from '@aws-sdk/client-cloudwatch-logs';
import { ECSClient, ListClustersCommand, ListTaskDefinitionsCommand } from '@aws-sdk/client-ecs';
import { EventBridgeClient, ListRulesCommand } from '@aws-sdk/client-eventbridge';
import { IAMClient, paginateListRoles } from '@aws-sdk/client-iam';
import { LambdaClient, paginateListFunctions } from '@aws-sdk/client-lambda';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { ListScheduleGroupsCommand, ListSchedulesCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { ListStateMachinesCommand, SFNClient } from '@aws-sdk/client-sfn';
import { ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AwsClient } from 'aws4fetch';
import type { EmbeddedAws } from '#local/embedded/embedded-aws.ts';

/** The bucket, the roles and the rest that `cdk bootstrap` makes, for all apps of the account. */
const OF_THE_BOOTSTRAP = /cdk-hnb659fds|CDKToolkit/;

/**
 * The names of all that there is in the account, in each service that a deployment of ours uses, sorted. What `cdk
 * bootstrap` makes is left out, and so are dashboards and the saved queries of CloudWatch Logs, which the embedded AWS
 * does not list as AWS does.
 */
export async function whatIsThere({ client }: Pick<EmbeddedAws, 'client'>): Promise<string[]> {
  const sqs = new SQSClient(client);
  const logs = new CloudWatchLogsClient(client);
  const ecs = new ECSClient(client);
  const scheduler = new SchedulerClient(client);
  const found = await Promise.all([
    named('bucket', new S3Client(client).send(new ListBucketsCommand({})), ({ Buckets = [] }) =>
      Buckets.map(({ Name }) => Name),
    ),
    named('queue', sqs.send(new ListQueuesCommand({})), ({ QueueUrls = [] }) =>
      QueueUrls.map((url) => url.split('/').at(-1)),
    ),
    named('function', pages(paginateListFunctions({ client: new LambdaClient(client) }, {})), (all) =>
      all.flatMap(({ Functions = [] }) => Functions.map(({ FunctionName }) => FunctionName)),
    ),
    named('log group', pages(paginateDescribeLogGroups({ client: logs }, {})), (all) =>
      all.flatMap(({ logGroups = [] }) => logGroups.map(({ logGroupName }) => logGroupName)),
    ),
    named('state machine', new SFNClient(client).send(new ListStateMachinesCommand({})), ({ stateMachines = [] }) =>
      stateMachines.map(({ name }) => name),
    ),
    named('cluster', ecs.send(new ListClustersCommand({})), ({ clusterArns = [] }) => clusterArns),
    named('task definition', ecs.send(new ListTaskDefinitionsCommand({ status: 'ACTIVE' })), (answer) =>
      (answer.taskDefinitionArns ?? []).map((arn) => arn.split('/').at(-1)),
    ),
    named('role', pages(paginateListRoles({ client: new IAMClient(client) }, {})), (all) =>
      all.flatMap(({ Roles = [] }) => Roles.map(({ RoleName }) => RoleName)),
    ),
    named('rule', new EventBridgeClient(client).send(new ListRulesCommand({})), ({ Rules = [] }) =>
      Rules.map(({ Name }) => Name),
    ),
    named('schedule', scheduler.send(new ListSchedulesCommand({})), ({ Schedules = [] }) =>
      Schedules.map(({ GroupName, Name }) => `${GroupName}/${Name}`),
    ),
    named('schedule group', scheduler.send(new ListScheduleGroupsCommand({})), ({ ScheduleGroups = [] }) =>
      ScheduleGroups.map(({ Name }) => Name).filter((name) => name !== 'default'),
    ),
    named('topic', new SNSClient(client).send(new ListTopicsCommand({})), ({ Topics = [] }) =>
      Topics.map(({ TopicArn }) => TopicArn?.split(':').at(-1)),
    ),
    named('alarm', new CloudWatchClient(client).send(new DescribeAlarmsCommand({})), ({ MetricAlarms = [] }) =>
      MetricAlarms.map(({ AlarmName }) => AlarmName),
    ),
    named('VPC', ec2(client, 'DescribeVpcs'), (xml) => valuesOf(xml, 'vpcId')),
    named('subnet', ec2(client, 'DescribeSubnets'), (xml) => valuesOf(xml, 'subnetId')),
    named('security group', ec2(client, 'DescribeSecurityGroups'), (xml) => valuesOf(xml, 'groupId')),
    named('key', keysInUse(client), (arns) => arns),
  ]);
  return found
    .flat()
    .filter((name) => !OF_THE_BOOTSTRAP.test(name))
    .sort();
}

async function named<T>(kind: string, asked: Promise<T>, names: (answer: T) => readonly (string | undefined)[]) {
  return names(await asked).map((name) => `${kind} ${name}`);
}

const pages = <T>(all: AsyncIterable<T>): Promise<T[]> => Array.fromAsync(all);

type Client = EmbeddedAws['client'];

/** EC2 and KMS are asked nothing else here, so their clients are not worth a package each. */
const signed = ({ region, credentials }: Client, service: string) => new AwsClient({ ...credentials, region, service });

async function ec2(client: Client, action: string): Promise<string> {
  const body = new URLSearchParams({ Action: action, Version: '2016-11-15' });
  const answer = await signed(client, 'ec2').fetch(client.endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: String(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`EC2 answers ${action} with ${answer.status}: ${text}`);
  return text;
}

function valuesOf(xml: string, element: string): string[] {
  return [...new Set([...xml.matchAll(new RegExp(`<${element}>([^<]+)</${element}>`, 'g'))].map(([, id = '']) => id))];
}

/** The ARNs of the keys that can be used: not those of AWS itself, and none that is to be deleted. */
async function keysInUse(client: Client): Promise<string[]> {
  const kms = async (operation: string, body: object) => {
    const answer = await signed(client, 'kms').fetch(client.endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${operation}` },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`KMS answers ${operation} with ${answer.status}: ${await answer.text()}`);
    return answer.json();
  };
  const { Keys } = (await kms('ListKeys', {})) as { Keys: { KeyId: string }[] };
  const described = await Promise.all(
    Keys.map(async ({ KeyId }) => (await kms('DescribeKey', { KeyId })) as { KeyMetadata: Record<string, string> }),
  );
  return described
    .map(({ KeyMetadata }) => KeyMetadata)
    .filter(({ KeyManager, KeyState }) => KeyManager !== 'AWS' && KeyState === 'Enabled')
    .map(({ Arn = '' }) => Arn);
}

/**
 * What was deleted of a stack, and what was left where it was, by CloudFormation's own word.
 *
 * @param stack its name, or its id where it is gone.
 */
export async function endsOfResources({ client }: Pick<EmbeddedAws, 'client'>, stack: string) {
  const cloudFormation = new CloudFormationClient(client);
  const ends = new Map<string, string>();
  for await (const { StackEvents = [] } of paginateDescribeStackEvents(
    { client: cloudFormation },
    { StackName: stack },
  )) {
    for (const { ResourceStatus = '', LogicalResourceId = '', ResourceType } of StackEvents) {
      if (/^DELETE_(COMPLETE|SKIPPED|FAILED)$/.test(ResourceStatus)) {
        ends.set(`${ResourceType} ${LogicalResourceId}`, ResourceStatus);
      }
    }
  }
  const all = [...ends];
  return {
    deleted: all.filter(([, status]) => status === 'DELETE_COMPLETE').map(([resource]) => resource),
    left: all.filter(([, status]) => status !== 'DELETE_COMPLETE').map(([resource]) => resource),
  };
}
