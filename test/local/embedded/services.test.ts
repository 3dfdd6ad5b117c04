import { CloudFormationClient, CreateStackCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient, DescribeLogStreamsCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateClusterCommand,
  DescribeTasksCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
} from '@aws-sdk/client-ecs';
import { AddPermissionCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { AwsClient } from 'aws4fetch';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readRequests } from '#local/embedded/request-log.ts';
import { startTestAws } from '#test/helpers/embedded-aws.ts';
import { createRole, type PolicyGrant } from '#test/helpers/iam.ts';
import { createFunction } from '#test/helpers/lambda.ts';

let aws: Awaited<ReturnType<typeof startTestAws>>;
let echo: string;
beforeAll(async () => {
  aws = await startTestAws();
  const Role = await createRole(aws.client, 'Echo', 'lambda.amazonaws.com', []);
  echo = await createFunction(aws.client, 'echo', 'async (event) => event', { Role });
  const s3 = new S3Client(aws.client);
  await s3.send(new CreateBucketCommand({ Bucket: 'lists' }));
  await s3.send(new PutObjectCommand({ Bucket: 'lists', Key: 'list.json', Body: '[1, 2]' }));
});
afterAll(() => aws.stop());

/** Runs a state machine of one state to its end, under a role with these grants. */
async function run(name: string, state: object, grants: readonly PolicyGrant[], trust: PolicyGrant['conditions'] = {}) {
  const sfn = new SFNClient(aws.client);
  const roleArn = await createRole(aws.client, name, 'states.amazonaws.com', grants, trust);
  const definition = JSON.stringify({ StartAt: 'Only', States: { Only: { ...state, End: true } } });
  const { stateMachineArn } = await sfn.send(new CreateStateMachineCommand({ name, definition, roleArn }));
  const { executionArn } = await sfn.send(new StartExecutionCommand({ stateMachineArn, input: '{}' }));
  return vi.waitFor(
    async () => {
      const found = await sfn.send(new DescribeExecutionCommand({ executionArn }));
      expect(found.status).not.toBe('RUNNING');
      return found;
    },
    { timeout: 180_000, interval: 100 },
  );
}

describe('Step Functions', () => {
  const machine = (name: string) => `arn:aws:states:us-east-1:000000000000:stateMachine:${name}`;
  const invokes = (): PolicyGrant => ({ actions: ['lambda:InvokeFunction'], resources: [echo] });
  const task = () => ({ Type: 'Task', Resource: echo });

  it("Step Functions calls a function that the state machine's role may call, and no other", async () => {
    expect(await run('MayCall', task(), [invokes()])).toMatchObject({ status: 'SUCCEEDED' });
    expect(await run('MayNot', task(), [])).toMatchObject({
      status: 'FAILED',
      error: 'Lambda.AWSLambdaException',
      cause: expect.stringMatching(
        /assumed-role\/MayNot\/.* is not authorized to perform: lambda:InvokeFunction on resource: .*:function:echo /,
      ),
    });
  });

  it('Step Functions assumes a role that trusts it only for this state machine', async () => {
    const trust = (name: string) => ({ ArnLike: { 'aws:SourceArn': machine(name) } });
    expect(await run('Trusts', task(), [invokes()], trust('Trusts'))).toMatchObject({ status: 'SUCCEEDED' });
    expect(await run('TrustsNot', task(), [invokes()], trust('Another'))).toMatchObject({
      cause: expect.stringContaining('states.amazonaws.com is not authorized to perform: sts:AssumeRole on resource:'),
    });
  });

  it('Step Functions reads the items of a Distributed Map and starts its children with the rights of the role', async () => {
    const map = {
      Type: 'Map',
      ItemReader: {
        Resource: 'arn:aws:states:::s3:getObject',
        ReaderConfig: { InputType: 'JSON' },
        Parameters: { Bucket: 'lists', Key: 'list.json' },
      },
      ItemProcessor: {
        ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
        StartAt: 'Pass',
        States: { Pass: { Type: 'Pass', End: true } },
      },
    };
    const starts = (name: string): PolicyGrant => ({ actions: ['states:StartExecution'], resources: [machine(name)] });
    const reads: PolicyGrant = { actions: ['s3:GetObject'], resources: ['arn:aws:s3:::lists/*'] };
    expect(await run('Maps', map, [starts('Maps'), reads])).toMatchObject({ status: 'SUCCEEDED' });
    expect(await run('StartsNot', map, [reads])).toMatchObject({ error: 'States.Permissions' });
    expect(await run('ReadsNot', map, [starts('ReadsNot')])).toMatchObject({
      error: 'States.ItemReaderFailed',
      cause: expect.stringContaining('s3:GetObject on resource: arn:aws:s3:::lists/list.json'),
    });
  });
});

describe('Lambda', () => {
  const invoke = (name: string) => new LambdaClient(aws.client).send(new InvokeCommand({ FunctionName: name }));
  const streams = async (logGroupName: string) =>
    (await new CloudWatchLogsClient(aws.client).send(new DescribeLogStreamsCommand({ logGroupName }))).logStreams ?? [];

  it('Lambda writes the log of a function if its role permits it, and no other log', async () => {
    const group = '/aws/lambda/logs';
    const logs: PolicyGrant = {
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [`arn:aws:logs:us-east-1:000000000000:log-group:${group}:*`],
    };
    const Role = await createRole(aws.client, 'Logs', 'lambda.amazonaws.com', [logs]);
    await createFunction(aws.client, 'logs', 'async () => {}', { Role });
    await invoke('logs');
    expect(await streams(group)).not.toEqual([]);
    await invoke('echo');
    await expect(streams('/aws/lambda/echo')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    expect(await readRequests(aws.requestsFile)).toContainEqual(
      expect.objectContaining({ role: 'Echo', action: 'logs:CreateLogStream', allowed: false }),
    );
  });

  it('Lambda runs no function whose role trusts another service, or requires a condition that Lambda does not meet', async () => {
    for (const [name, trusted, conditions] of [
      ['ofEcs', 'ecs-tasks.amazonaws.com', {}],
      ['asks', 'lambda.amazonaws.com', { StringEquals: { 'aws:SourceAccount': aws.account } }],
    ] as const) {
      const Role = await createRole(aws.client, name, trusted, [], conditions);
      await createFunction(aws.client, name, 'async () => {}', { Role });
      const { FunctionError, Payload } = await invoke(name);
      expect(FunctionError).toBeDefined();
      expect(Payload?.transformToString()).toContain(
        'lambda.amazonaws.com is not authorized to perform: sts:AssumeRole',
      );
    }
  });
});

/** Calls an operation of EventBridge, for which there is no client of the SDK here. */
async function events(operation: string, body: unknown): Promise<void> {
  const { endpoint, region, credentials } = aws.client;
  const client = new AwsClient({ ...credentials, region, service: 'events', retries: 0 });
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `AWSEvents.${operation}` };
  const answer = await client.fetch(`${endpoint}/`, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${operation} answered ${answer.status}: ${await answer.text()}`);
}

describe('EventBridge', () => {
  it("EventBridge calls a function if the function's policy permits it for the rule", async () => {
    const rule = (name: string) => `arn:aws:events:us-east-1:000000000000:rule/${name}`;
    for (const name of ['named', 'other']) {
      await events('PutRule', { Name: name, EventPattern: JSON.stringify({ source: [name] }) });
      await events('PutTargets', { Rule: name, Targets: [{ Id: 'echo', Arn: echo }] });
    }
    await new LambdaClient(aws.client).send(
      new AddPermissionCommand({
        FunctionName: 'echo',
        StatementId: 'named',
        Action: 'lambda:InvokeFunction',
        Principal: 'events.amazonaws.com',
        SourceArn: rule('named'),
      }),
    );
    await events('PutEvents', {
      Entries: ['other', 'named'].map((Source) => ({ Source, DetailType: 'test', Detail: '{}' })),
    });
    const call = { role: 'events.amazonaws.com', action: 'lambda:InvokeFunction', resource: echo };
    const requests = await readRequests(aws.requestsFile);
    expect(requests).toContainEqual({ ...call, allowed: true });
    expect(requests).toContainEqual(expect.objectContaining({ ...call, allowed: false }));
  });
});

describe('EventBridge, at a state machine,', () => {
  it("EventBridge starts a state machine with the target's role, which trusts EventBridge for this rule", async () => {
    const sfn = new SFNClient(aws.client);
    const roleArn = await createRole(aws.client, 'Passes', 'states.amazonaws.com', []);
    const definition = JSON.stringify({ StartAt: 'Pass', States: { Pass: { Type: 'Pass', End: true } } });
    const { stateMachineArn: arn = '' } = await sfn.send(
      new CreateStateMachineCommand({ name: 'started', definition, roleArn }),
    );
    const trust = { ArnLike: { 'aws:SourceArn': 'arn:aws:events:us-east-1:000000000000:rule/may' } };
    const starts: PolicyGrant = { actions: ['states:StartExecution'], resources: [arn] };
    const roles = {
      may: await createRole(aws.client, 'MayStart', 'events.amazonaws.com', [starts], trust),
      not: await createRole(aws.client, 'MayNotStart', 'events.amazonaws.com', []),
    };
    for (const [name, RoleArn] of Object.entries(roles)) {
      await events('PutRule', { Name: name, EventPattern: JSON.stringify({ source: ['start'] }) });
      await events('PutTargets', { Rule: name, Targets: [{ Id: 'start', Arn: arn, RoleArn }] });
    }
    await events('PutEvents', { Entries: [{ Source: 'start', DetailType: 'test', Detail: '{}' }] });
    const start = { action: 'states:StartExecution', resource: arn };
    const requests = await readRequests(aws.requestsFile);
    expect(requests).toContainEqual({ ...start, role: 'MayStart', allowed: true });
    expect(requests).toContainEqual(expect.objectContaining({ ...start, role: 'MayNotStart', allowed: false }));
  });
});

describe('ECS', () => {
  it('ECS starts no task whose role trusts another service', async () => {
    const ecs = new ECSClient(aws.client);
    const taskRoleArn = await createRole(aws.client, 'NotOfEcs', 'lambda.amazonaws.com', []);
    const containerDefinitions = [{ name: 'job', image: 'node:24', command: ['node', '-e', ''] }];
    await ecs.send(new CreateClusterCommand({ clusterName: 'cluster' }));
    await ecs.send(new RegisterTaskDefinitionCommand({ family: 'job', taskRoleArn, containerDefinitions }));
    const { tasks } = await ecs.send(new RunTaskCommand({ cluster: 'cluster', taskDefinition: 'job' }));
    const arn = tasks?.[0]?.taskArn ?? '';
    await expect
      .poll(async () => (await ecs.send(new DescribeTasksCommand({ cluster: 'cluster', tasks: [arn] }))).tasks?.[0])
      .toMatchObject({
        lastStatus: 'STOPPED',
        stoppedReason: expect.stringContaining('ecs-tasks.amazonaws.com is not authorized to perform: sts:AssumeRole'),
      });
  });
});

describe('CloudFormation', () => {
  it('CloudFormation answers at the end of a stack, so that the CDK does not wait longer than needed', async () => {
    const cloudFormation = new CloudFormationClient(aws.client);
    // Nothing signals the handle, so the stack is under way for a second, and then fails.
    const Resources = {
      Handle: { Type: 'AWS::CloudFormation::WaitConditionHandle' },
      Condition: {
        Type: 'AWS::CloudFormation::WaitCondition',
        Properties: { Handle: { Ref: 'Handle' }, Timeout: '1', Count: 1 },
      },
    };
    const StackName = 'waits';
    await cloudFormation.send(new CreateStackCommand({ StackName, TemplateBody: JSON.stringify({ Resources }) }));
    const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName }));
    expect(Stacks).toMatchObject([{ StackStatus: 'ROLLBACK_COMPLETE' }]);
  });
});

it('a request to a service that the embedded AWS does not have is refused by its name', async () => {
  const { credentials, region, endpoint } = aws.client;
  const signed = new AwsClient({ ...credentials, region, service: 'servicequotas' });
  const answer = await signed.fetch(endpoint, { method: 'POST', body: '{}' });
  expect(await answer.text()).toContain('Unsupported service: servicequotas');
});
