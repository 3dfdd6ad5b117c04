import type { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { synthesise } from '../synthesise.ts';

const WAREHOUSE = { 'redshift.cluster': 'analytics', 'redshift.copyRole': 'default' };
const EMAIL = { 'alerts.email': 'on-call@example.org' };
const off = synthesise({ ...WAREHOUSE, ...EMAIL });
const on = synthesise({ ...WAREHOUSE, 'redshift.watch': true, 'redshift.watchWaitSeconds': 90 });
const told = synthesise({ ...WAREHOUSE, ...EMAIL, 'redshift.watch': true, 'redshift.watchWaitSeconds': 90 });

const namesOf = (template: Template, type: string, name: string) =>
  Object.values(template.findResources(type)).map(({ Properties }) => String(Properties[name]));
const functionsOf = (template: Template) => namesOf(template, 'AWS::Lambda::Function', 'FunctionName');
const daily = (template: Template) =>
  Object.values(template.findResources('AWS::Events::Rule', { Properties: { ScheduleExpression: 'rate(1 day)' } }));
const queueAlarms = (template: Template) =>
  Object.values(template.findResources('AWS::CloudWatch::Alarm'))
    .map(({ Properties }) => Properties as Record<string, unknown>)
    .filter(({ AlarmName }) => /queue-|watch-queues/.test(String(AlarmName)));

describe('without redshift.watch', () => {
  it('without redshift.watch the template has no watch of queues, even with a warehouse and with alerts', () => {
    expect(functionsOf(off)).not.toContain('Sluice-watch-queues');
    expect(daily(off)).toEqual([]);
    expect(queueAlarms(off)).toEqual([]);
    expect(Object.keys(off.findOutputs('*'))).not.toContain('WarehouseWatchUser');
  });
});

describe('with redshift.watch', () => {
  it('a rule calls the watch of queues once a day, and has a queue for undeliverable events', () => {
    expect(functionsOf(on)).toContain('Sluice-watch-queues');
    expect(daily(on).map(({ Properties }) => Properties)).toMatchObject([
      {
        State: 'ENABLED',
        Targets: [{ DeadLetterConfig: { Arn: expect.anything() }, RetryPolicy: { MaximumRetryAttempts: 2 } }],
      },
    ]);
    expect(Object.keys(on.findOutputs('*'))).toContain('WarehouseWatchUser');
  });

  it('the watch of queues may write its reports and query the warehouse as its own user, and nothing else', () => {
    const policies = Object.entries(on.findResources('AWS::IAM::Policy')).filter(([id]) =>
      id.startsWith('FunctionswatchqueuesRole'),
    );
    const statements = policies.flatMap(
      ([, { Properties }]) => Properties.PolicyDocument.Statement as { Action: string | string[]; Resource: unknown }[],
    );
    const actions = statements.flatMap(({ Action }) => Action).filter((action) => !/^(logs|xray):/.test(action));
    expect(actions.toSorted()).toEqual([
      'redshift-data:BatchExecuteStatement',
      'redshift-data:CancelStatement',
      'redshift-data:DescribeStatement',
      'redshift-data:GetStatementResult',
      'redshift:GetClusterCredentialsWithIAM',
      // Every function has it with its bucket: without it S3 answers 403 instead of 404.
      's3:ListBucket',
      's3:PutObject',
    ]);
    const write = statements.find(({ Action }) => [Action].flat().includes('s3:PutObject'));
    expect(JSON.stringify(write?.Resource)).toContain('/runs/.queues/*');
  });

  it('the watch of queues has alarms only if alerts have an address, and they keep their state between two days', () => {
    expect(queueAlarms(on)).toEqual([]);
    const service = [{ Name: 'service', Value: 'Sluice' }];
    expect(queueAlarms(told).toSorted((a, b) => String(a.AlarmName).localeCompare(String(b.AlarmName)))).toMatchObject([
      {
        ...{ AlarmName: 'Sluice-queue-timeout', Namespace: 'Sluice', MetricName: 'QueuesWithoutTimeout' },
        ...{ Dimensions: service, Threshold: 1, Statistic: 'Maximum', TreatMissingData: 'ignore' },
      },
      {
        ...{ AlarmName: 'Sluice-queue-wait', Namespace: 'Sluice', MetricName: 'QueueWaitSeconds' },
        ...{ Dimensions: service, Threshold: 90, Statistic: 'Maximum', TreatMissingData: 'ignore' },
      },
      { AlarmName: 'Sluice-watch-queues-failed', Namespace: 'AWS/Lambda', MetricName: 'Errors' },
    ]);
  });
});
