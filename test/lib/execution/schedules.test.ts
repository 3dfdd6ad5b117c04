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
  it('start at their time, in their zone, and not much later', () => {
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

  it("name the slot in the input, and read templates in the schedule's zone unless the input names one", () => {
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

  it("are trusted as this account's group of schedules alone", () => {
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

  it('send what is undeliverable to a standard queue', () => {
    for (const queue of Object.values(template.findResources('AWS::SQS::Queue'))) {
      expect(queue.Properties).not.toHaveProperty('FifoQueue');
    }
  });

  it('leave nothing behind where there are none', () => {
    const none = synthesise();
    none.resourceCountIs('AWS::Scheduler::ScheduleGroup', 0);
    none.resourceCountIs('AWS::Scheduler::Schedule', 0);
  });
});
