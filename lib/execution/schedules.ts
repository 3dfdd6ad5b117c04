import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnSchedule, ScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { ScheduleSettings } from '../settings/settings.ts';
import type { Encryption } from '../storage/encryption.ts';

export interface SchedulesProps {
  readonly schedules: readonly ScheduleSettings[];
  readonly encryption: Encryption;
  readonly stateMachine: IStateMachine;
  /** A standard queue, because Scheduler's dead letters require one. */
  readonly undelivered: IQueue;
}

/** Scheduler would try for a day. A run that starts a day late is worse than no run with an alert. */
const MAX_AGE_SECONDS = 900;
const MAX_RETRIES = 10;

/** Starts a run at each scheduled time. Its input names the slot, so that a start delivered twice runs once. */
export class Schedules extends Construct {
  constructor(scope: Construct, id: string, { schedules, encryption, stateMachine, undelivered }: SchedulesProps) {
    super(scope, id);
    if (schedules.length === 0) return;
    const stack = Stack.of(this);
    const groupName = stack.stackName;
    const group = new ScheduleGroup(this, 'Group', {
      scheduleGroupName: groupName,
      // CDK would keep it by default, and the next deploy with this name would fail.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': stack.account },
          // Scheduler names the group here, not the schedule.
          ArnEquals: {
            'aws:SourceArn': stack.formatArn({
              service: 'scheduler',
              resource: 'schedule-group',
              resourceName: groupName,
            }),
          },
        },
      }),
    });
    role.addToPolicy(
      new PolicyStatement({ actions: ['states:StartExecution'], resources: [stateMachine.stateMachineArn] }),
    );
    role.addToPolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [undelivered.queueArn] }));
    for (const statement of encryption.leave('sqs', 'write')) role.addToPolicy(statement);
    for (const { name, expression, timeZone, input } of schedules) {
      const schedule = new CfnSchedule(this, `Schedule-${name}`, {
        name,
        groupName: group.scheduleGroupName,
        scheduleExpression: expression,
        scheduleExpressionTimezone: timeZone,
        flexibleTimeWindow: { mode: 'OFF' },
        target: {
          arn: stateMachine.stateMachineArn,
          roleArn: role.roleArn,
          input: JSON.stringify({
            timeZone,
            ...input,
            schedule: name,
            scheduledTime: '<aws.scheduler.scheduled-time>',
          }),
          deadLetterConfig: { arn: undelivered.queueArn },
          retryPolicy: { maximumEventAgeInSeconds: MAX_AGE_SECONDS, maximumRetryAttempts: MAX_RETRIES },
        },
      });
      // A schedule must not fire before its role has the permission.
      schedule.node.addDependency(role);
    }
  }
}
