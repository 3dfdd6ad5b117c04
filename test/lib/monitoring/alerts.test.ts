import { Match, type Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { senderOf } from '#lib/monitoring/alert-sender.ts';
import { EVENT_KINDS } from '#run/events/event.ts';
import { synthesise } from '../synthesise.ts';

const EMAIL = { 'alerts.email': 'on-call@example.org' };
const mailed = synthesise({ ...EMAIL, schedules: [{ name: 'nightly', expression: 'rate(1 day)' }] });

interface Rule {
  readonly Description?: string;
  readonly EventPattern?: { readonly detail?: Record<string, unknown>; readonly 'detail-type'?: string[] };
  readonly Targets: {
    readonly Arn: unknown;
    readonly DeadLetterConfig?: unknown;
    readonly InputTransformer?: unknown;
  }[];
}

const topicOf = (template: Template) => Object.keys(template.findResources('AWS::SNS::Topic'))[0];
/** The rules whose target is the topic. */
const alertRules = (template: Template, topic: unknown) =>
  Object.values(template.findResources('AWS::Events::Rule'))
    .map(({ Properties }) => Properties as Rule)
    .filter(({ Targets }) => JSON.stringify(Targets[0]?.Arn) === JSON.stringify(topic));

describe('without anybody to tell', () => {
  it('without anybody to alert, there is no topic, no alarm, no dashboard, no watch, and no rule for alerts', () => {
    const template = synthesise();
    for (const type of [
      'AWS::SNS::Topic',
      'AWS::SNS::Subscription',
      'AWS::CloudWatch::Alarm',
      'AWS::CloudWatch::Dashboard',
    ]) {
      template.resourceCountIs(type, 0);
    }
    // CloseRun's and ReopenRun's.
    template.resourceCountIs('AWS::Events::Rule', 2);
    const functions = Object.values(template.findResources('AWS::Lambda::Function'));
    expect(functions.map(({ Properties }) => Properties.FunctionName)).not.toContain('Sluice-watch');
  });
});

describe('with an address', () => {
  it('with an address, there is a topic with the address, to which only alarms of this stack may publish', () => {
    mailed.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'email', Endpoint: 'on-call@example.org' });
    mailed.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
          Match.objectLike({
            Effect: 'Allow',
            Action: 'sns:Publish',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Condition: {
              StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
              ArnLike: { 'aws:SourceArn': Match.objectLike({}) },
            },
          }),
        ]),
      },
    });
  });

  it('each alert from an event has a rule of this deployment, with a queue for undeliverable events', () => {
    const rules = alertRules(mailed, { Ref: topicOf(mailed) });
    expect(rules.map(({ Description }) => Description).sort()).toEqual([
      'A run continued with items missing, because its time was up',
      'A run failed',
      'A run is late',
      'A run takes longer than alerts.runHours',
      'A run that ended could not be closed',
      'A schedule did not start a run',
      'Items of a run failed',
    ]);
    for (const { EventPattern, Targets, Description } of rules) {
      expect(Targets[0]?.DeadLetterConfig, Description).toBeDefined();
      const own = EventPattern?.['detail-type']?.[0]?.startsWith('Sluice ');
      if (own) expect(EventPattern?.detail, Description).toMatchObject({ deployment: ['Sluice'] });
      else expect(JSON.stringify(EventPattern?.detail), Description).toContain('Closing');
    }
  });

  it('each alert from an event names the deployment once, at its beginning', () => {
    const rules = alertRules(mailed, { Ref: topicOf(mailed) });
    for (const { Targets, Description } of rules) {
      const text = JSON.stringify(Targets[0]?.InputTransformer);
      expect(text, Description).toContain(String.raw`"InputTemplate":"\"Sluice: `);
      expect(text, Description).not.toContain('Sluice Sluice');
    }
    expect(senderOf('Sluice-test')).toBe('Sluice-test');
    expect(senderOf('Nightly')).toBe('Sluice Nightly');
  });

  it('no end of a run matches two rules', () => {
    const rules = alertRules(mailed, { Ref: topicOf(mailed) }).filter(
      ({ EventPattern }) => EventPattern?.['detail-type']?.[0] === EVENT_KINDS.runEnded,
    );
    const ends = ['complete', 'partial', 'late', 'failed'].flatMap((outcome) =>
      [true, false].flatMap((forced) =>
        ['late', 'deadline', 'input', null].map((reason) => ({ outcome, forced, reason })),
      ),
    );
    for (const end of ends) {
      const matching = rules.filter(({ EventPattern }) =>
        Object.entries(end).every(([field, value]) => {
          const wanted = EventPattern?.detail?.[field] as unknown[] | undefined;
          if (wanted === undefined) return true;
          return wanted.some((one) => (isAnythingBut(one) ? one['anything-but'] !== value : one === value));
        }),
      );
      expect(matching.length, JSON.stringify(end)).toBeLessThanOrEqual(1);
    }
  });

  it('each alarm reports its beginning and its end, and missing data raises no alarm', () => {
    const alarms = Object.values(mailed.findResources('AWS::CloudWatch::Alarm')).map(({ Properties }) => Properties);
    expect(
      alarms.map(({ AlarmName, Namespace, MetricName }) => `${AlarmName} ${Namespace} ${MetricName}`).sort(),
    ).toEqual([
      'Sluice-dead-letters AWS/SQS ApproximateNumberOfMessagesVisible',
      'Sluice-throttles-open AWS/Lambda Throttles',
      'Sluice-throttles-slice AWS/Lambda Throttles',
      'Sluice-undelivered AWS/SQS ApproximateNumberOfMessagesVisible',
      'Sluice-watch-failed AWS/Lambda Errors',
    ]);
    const topic = [{ Ref: topicOf(mailed) }];
    for (const alarm of alarms) {
      expect(alarm).toMatchObject({ AlarmActions: topic, OKActions: topic, TreatMissingData: 'notBreaching' });
      expect(alarm.AlarmDescription).toMatch(/docs\/operations\.md#[a-z-]+$/);
    }
  });

  it('an alarm sums the dollars of 24 hours if a limit is set, and DoneState then sends only that metric', () => {
    const template = synthesise({ ...EMAIL, 'alerts.dollarsADay': 25 });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      AlarmName: 'Sluice-spend',
      Namespace: 'Sluice',
      MetricName: 'RunDollars',
      Dimensions: [{ Name: 'service', Value: 'Sluice' }],
      Statistic: 'Sum',
      Period: 86_400,
      Threshold: 25,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      TreatMissingData: 'notBreaching',
    });
    const variables = { SLUICE_SPEND_ALERT: 'true', SLUICE_METRICS: Match.stringLikeRegexp('"level":"off"') };
    template.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'Sluice-done',
      Environment: { Variables: Match.objectLike(variables) },
    });
    mailed.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'Sluice-done',
      Environment: { Variables: Match.objectLike({ SLUICE_SPEND_ALERT: 'false' }) },
    });
  });

  it('the watch knows the schedules, and half of the hours that a run may take', () => {
    const watch = Object.values(mailed.findResources('AWS::Lambda::Function')).find(
      ({ Properties }) => Properties.FunctionName === 'Sluice-watch',
    );
    expect(JSON.parse(watch?.Properties.Environment.Variables.SLUICE_WATCH)).toEqual({
      runHours: 12,
      schedules: [{ name: 'nightly', expression: 'rate(1 day)', timeZone: 'UTC' }],
    });
  });
});

describe('with a topic of the user’s', () => {
  const arn = 'arn:aws:sns:eu-central-1:111111111111:pager';
  const template = synthesise({ 'alerts.topic': arn });

  it('with a topic of the user’s, no topic is made, and rules publish with a role that may do nothing else', () => {
    template.resourceCountIs('AWS::SNS::Topic', 0);
    expect(alertRules(template, arn)).toHaveLength(7);
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: [{ Effect: 'Allow', Action: 'sns:Publish', Resource: arn }] },
      Roles: [{ Ref: Match.stringLikeRegexp('^AlertsEventsRole') }],
    });
  });

  it('with a topic of the user’s, an address is subscribed to it', () => {
    synthesise({ 'alerts.topic': arn, ...EMAIL }).hasResourceProperties('AWS::SNS::Subscription', { TopicArn: arn });
  });
});

describe('with a key', () => {
  it('with a key, the topic is encrypted, and alarms and rules may use the key', () => {
    const template = synthesise({ ...EMAIL, 'encryption.key': 'own' });
    template.hasResourceProperties('AWS::SNS::Topic', { KmsMasterKeyId: Match.anyValue() });
    template.hasResourceProperties('AWS::KMS::Key', {
      KeyPolicy: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
            Principal: { Service: Match.arrayWith(['cloudwatch.amazonaws.com']) },
          }),
        ]),
      },
    });
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: {
        Statement: Match.arrayWith([Match.objectLike({ Action: ['kms:Decrypt', 'kms:GenerateDataKey'] })]),
      },
      Roles: [{ Ref: Match.stringLikeRegexp('^AlertsEventsRole') }],
    });
  });
});

function isAnythingBut(one: unknown): one is { 'anything-but': unknown } {
  return typeof one === 'object' && one !== null && 'anything-but' in one;
}
