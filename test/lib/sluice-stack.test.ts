import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { LAMBDA_NAMES } from '#lib/functions/lambda-entries.ts';
import { cdkContext, definitionOf, synthesise } from './synthesise.ts';

const template = synthesise();
/** The watch is there for alerts alone, and without a warehouse there is nothing that loads. */
const DEPLOYED = LAMBDA_NAMES.filter((name) => !['watch', 'load', 'watch-queues'].includes(name));
const resources = template.toJSON().Resources as Record<string, { Type: string; Properties: Record<string, unknown> }>;
const ofType = (type: string) => Object.values(resources).filter((resource) => resource.Type === type);

describe('the stack', () => {
  it('the stack has nothing that costs money while nothing runs', () => {
    const types = new Set(Object.values(resources).map((resource) => resource.Type));
    for (const type of [
      'AWS::EC2::NatGateway',
      'AWS::EC2::EIP',
      'AWS::ECS::Service',
      'AWS::KMS::Key',
      'AWS::SecretsManager::Secret',
      'AWS::CloudWatch::Alarm',
      'AWS::CloudWatch::Dashboard',
    ]) {
      expect(types).not.toContain(type);
    }
    const endpoints = ofType('AWS::EC2::VPCEndpoint').map((endpoint) => endpoint.Properties.VpcEndpointType);
    expect(endpoints).toEqual(['Gateway']);
    expect(ofType('AWS::ECS::Cluster')[0]?.Properties).not.toHaveProperty('ClusterSettings.0.Value', 'enabled');
  });

  it('the stack encrypts every queue and refuses access without TLS', () => {
    const queues = ofType('AWS::SQS::Queue');
    expect(queues).toHaveLength(3);
    for (const queue of queues) expect(queue.Properties.SqsManagedSseEnabled).toBe(true);
    const policies = JSON.stringify(ofType('AWS::SQS::QueuePolicy'));
    expect(policies.match(/"aws:SecureTransport":"false"/g)).toHaveLength(3);
  });

  it('the stack keeps messages that failed repeatedly, and those of runs apart from those of schedules', () => {
    const [work] = ofType('AWS::SQS::Queue').filter((queue) => queue.Properties.RedrivePolicy !== undefined);
    expect(work?.Properties).toMatchObject({ VisibilityTimeout: 120, RedrivePolicy: { maxReceiveCount: 20 } });
  });

  it('every log group of the stack expires', () => {
    const groups = ofType('AWS::Logs::LogGroup');
    // Those of the functions, the workers, both state machines, and the function that empties the default security
    // group.
    expect(groups).toHaveLength(DEPLOYED.length + 4);
    for (const group of groups) expect(group.Properties.RetentionInDays).toBe(7);
  });

  it('every function of the stack has the same runtime, processor, log group and tracing', () => {
    const all = ofType('AWS::Lambda::Function');
    const functions = all.filter(({ Properties }) => Properties.Description !== undefined);
    const cdks = all.filter((fn) => !functions.includes(fn));
    expect(functions).toHaveLength(DEPLOYED.length);
    // CDK's own runs while a stack is deployed.
    expect(cdks).toHaveLength(1);
    expect(cdks[0]?.Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      LoggingConfig: { LogGroup: expect.anything() },
    });
    for (const fn of functions) {
      expect(fn.Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        TracingConfig: { Mode: 'Active' },
        LoggingConfig: { LogGroup: { Ref: expect.any(String) } },
      });
    }
  });

  it('the cluster is created after the service-linked role of ECS, with roles and policies between, for which IAM needs time', () => {
    const [[ecsRole = ''] = []] = Object.entries(resources).filter(([, { Type }]) => Type === 'Custom::EcsServiceRole');
    const needs = (name: string) => [Reflect.get(resources[name] ?? {}, 'DependsOn') ?? []].flat() as string[];
    const [[cluster = ''] = []] = Object.entries(resources).filter(([, { Type }]) => Type === 'AWS::ECS::Cluster');
    const types = needs(cluster).map((name) => resources[name]?.Type);
    expect(types.sort()).toEqual(['AWS::IAM::Policy', 'AWS::IAM::Policy', 'AWS::IAM::Role', 'AWS::IAM::Role']);
    for (const name of needs(cluster).filter((one) => resources[one]?.Type === 'AWS::IAM::Role')) {
      expect(needs(name)).toContain(ecsRole);
    }
  });

  it('the resources that a person looks for in the console are named after the stack', () => {
    const named = synthesise({ stackName: 'Other', 'network.flowLogs': true });
    const names = (type: string, property: string) =>
      Object.values(named.findResources(type))
        .map(({ Properties }) => String(Properties[property]))
        .sort();
    expect(names('AWS::StepFunctions::StateMachine', 'StateMachineName')).toEqual(['Other', 'Other-close-run']);
    expect(names('AWS::ECS::Cluster', 'ClusterName')).toEqual(['Other']);
    expect(names('AWS::ECS::TaskDefinition', 'Family')).toEqual(['Other-worker']);
    expect(names('AWS::SQS::Queue', 'QueueName')).toEqual(['Other-dead-letters', 'Other-undelivered', 'Other-work']);
    const functions = DEPLOYED.map((name) => `Other-${name}`);
    expect(names('AWS::Lambda::Function', 'FunctionName').filter((name) => name !== 'undefined')).toEqual(
      functions.toSorted(),
    );
    expect(names('AWS::Logs::LogGroup', 'LogGroupName')).toEqual(
      [
        ...functions.map((name) => `/aws/lambda/${name}`),
        '/aws/lambda/Other-default-group',
        '/aws/ecs/Other-worker',
        '/aws/vendedlogs/states/Other',
        '/aws/vendedlogs/states/Other-close-run',
        '/aws/vpc/Other-flow-logs',
      ].toSorted(),
    );
  });

  it('no schedule can start a run before everything else of the deploy is done', () => {
    const scheduled = synthesise({ schedules: [{ name: 'nightly', expression: 'rate(1 day)' }] });
    const rules = Object.keys(scheduled.findResources('AWS::Events::Rule'));
    expect(rules).toHaveLength(2);
    scheduled.hasResource('AWS::Scheduler::Schedule', { DependsOn: Match.arrayWith(rules) });
  });

  it('the stack has the outputs that a person and the command line need, each with a description', () => {
    const outputs = template.findOutputs('*');
    for (const output of Object.values(outputs)) expect(output).toHaveProperty('Description');
    expect(Object.keys(outputs).sort()).toEqual([
      'BucketName',
      'ClusterName',
      'DeadLetterQueueUrl',
      'QueueUrl',
      'StateMachineArn',
      'TaskFamily',
      'UndeliveredQueueUrl',
      'Version',
    ]);
  });

  it('the stack looks nothing up, so that one template fits any account', () => {
    expect(JSON.stringify(template.toJSON())).not.toMatch(/dummy-value-for/);
    expect(cdkContext).not.toHaveProperty('availability-zones');
  });
});

describe('the state machine', () => {
  it('the state machine is standard, traced, and logs errors without data under the vended prefix', () => {
    template.hasResourceProperties('AWS::StepFunctions::StateMachine', {
      StateMachineType: 'STANDARD',
      TracingConfiguration: { Enabled: true },
      LoggingConfiguration: { IncludeExecutionData: false, Level: 'ERROR' },
    });
    template.hasResourceProperties('AWS::Logs::LogGroup', { LogGroupName: '/aws/vendedlogs/states/Sluice' });
  });

  it('the state machine ends a run after the hours of the setting', () => {
    expect(definitionOf(synthesise({ 'run.timeoutHours': '30' }))).toMatchObject({ TimeoutSeconds: 108_000 });
  });

  it('the state machine logs at the level of the setting', () => {
    synthesise({ 'logs.stateMachineLevel': 'ALL' }).hasResourceProperties('AWS::StepFunctions::StateMachine', {
      LoggingConfiguration: { IncludeExecutionData: false, Level: 'ALL' },
    });
  });
});

describe('a redriven execution', () => {
  it('a redriven execution calls reopen-run, and a first start does not', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        detail: { status: ['RUNNING'], redriveCount: [{ numeric: ['>', 0] }], stateMachineArn: [Match.anyValue()] },
      },
      Targets: [{ DeadLetterConfig: Match.anyValue() }],
    });
  });

  it('if reopen-run fails, its event goes to a destination, and is not lost', () => {
    template.resourceCountIs('AWS::Lambda::EventInvokeConfig', 1);
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      FunctionName: { Ref: Match.stringLikeRegexp('reopenrun') },
      DestinationConfig: {
        OnFailure: { Destination: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Undelivered'), 'Arn'] } },
      },
    });
  });
});

describe('the end of a broken execution', () => {
  it("the end of a broken execution starts the state machine that closes runs, only for executions of this one, with the event's detail", () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['aws.states'],
        'detail-type': ['Step Functions Execution Status Change'],
        detail: {
          status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
          stateMachineArn: [{ Ref: Match.stringLikeRegexp('^RunStateMachine') }],
        },
      },
      Targets: [
        {
          Arn: { Ref: Match.stringLikeRegexp('^ClosingStateMachine') },
          InputPath: '$.detail',
          DeadLetterConfig: Match.anyValue(),
          RetryPolicy: { MaximumRetryAttempts: 10 },
        },
      ],
    });
  });
});
