import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { synthesise } from '../synthesise.ts';

const template = synthesise({
  schedules: [
    {
      name: 'nightly',
      expression: 'cron(30 4 * * ? *)',
      timeZone: 'Europe/Berlin',
      input: { sources: [{ url: 'https://example.org/{yyyy}.csv', key: 'raw/{yyyy}.csv' }], onLate: 'fail' },
    },
    { name: 'tokyo', expression: 'rate(6 hours)', timeZone: 'UTC', input: { timeZone: 'Asia/Tokyo' } },
  ],
});
const inputs = Object.values(template.findResources('AWS::Scheduler::Schedule')).map((schedule) =>
  JSON.parse(schedule.Properties.Target.Input),
);

describe('schedules', () => {
  it('schedules start at their time, in their zone, and not much later', () => {
    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      Name: 'nightly',
      GroupName: Match.anyValue(),
      ScheduleExpression: 'cron(30 4 * * ? *)',
      ScheduleExpressionTimezone: 'Europe/Berlin',
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: {
        RetryPolicy: { MaximumEventAgeInSeconds: 900, MaximumRetryAttempts: 10 },
        DeadLetterConfig: { Arn: Match.anyValue() },
      },
    });
  });

  it('schedules name the slot in the input, and fill templates in their zone unless the input names one', () => {
    expect(inputs).toEqual([
      {
        timeZone: 'Europe/Berlin',
        sources: [{ url: 'https://example.org/{yyyy}.csv', key: 'raw/{yyyy}.csv' }],
        onLate: 'fail',
        schedule: 'nightly',
        scheduledTime: '<aws.scheduler.scheduled-time>',
      },
      { timeZone: 'Asia/Tokyo', schedule: 'tokyo', scheduledTime: '<aws.scheduler.scheduled-time>' },
    ]);
  });

  it("the roles of schedules trust only this account's group of schedules", () => {
    template.hasResourceProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: {
        Statement: [
          {
            Principal: { Service: 'scheduler.amazonaws.com' },
            Condition: {
              StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
              ArnEquals: {
                'aws:SourceArn': {
                  'Fn::Join': ['', Match.arrayWith([':schedule-group/Sluice'])],
                },
              },
            },
          },
        ],
      },
    });
  });

  it('schedules send undeliverable starts to a standard queue', () => {
    for (const queue of Object.values(template.findResources('AWS::SQS::Queue'))) {
      expect(queue.Properties).not.toHaveProperty('FifoQueue');
    }
  });

  it('an app without schedules has no resources for them', () => {
    const none = synthesise();
    none.resourceCountIs('AWS::Scheduler::ScheduleGroup', 0);
    none.resourceCountIs('AWS::Scheduler::Schedule', 0);
  });
});
