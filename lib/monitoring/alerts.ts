import { Duration, Stack } from 'aws-cdk-lib';
import { type IAlarm, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { EventField, Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Policy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { EVENT_KINDS, EVENT_SOURCE, type EventKind } from '#run/events/event.ts';
import { METRICS_NAMESPACE, type MetricName } from '#run/metrics/metrics.ts';
import type { Functions } from '../functions/functions.ts';
import type { LambdaName } from '../functions/lambda-entries.ts';
import type { Settings } from '../settings/settings.ts';
import type { Encryption } from '../storage/encryption.ts';
import { Alarms } from './alarms.ts';
import { senderOf } from './alert-sender.ts';
import { AlertTopic } from './alert-topic.ts';
import { EventAlerts } from './event-alerts.ts';
import { addQueueAlarms } from './queue-watch.ts';

export interface AlertsProps {
  readonly settings: Settings;
  readonly encryption: Encryption;
  readonly functions: Functions;
  readonly runs: IStateMachine;
  readonly closing: IStateMachine;
  readonly deadLetters: IQueue;
  readonly undelivered: IQueue;
}

const WATCH_EVERY = Duration.minutes(15);

/** Functions of which a run has several at once, so these reach the account's limit first. */
const MANY_AT_ONCE: readonly LambdaName[] = ['open', 'slice'];

/** A field of the event, in the text of an alert. */
const detail = (name: string) => EventField.fromPath(`$.detail.${name}`);

/**
 * The alerts for a person: docs/operations.md says what each alert means and what to do. They are created only if
 * somebody receives them.
 */
export class Alerts extends Construct {
  readonly topic: ITopic;
  readonly alarms: readonly IAlarm[];
  readonly #sender = senderOf(Stack.of(this).stackName);

  constructor(scope: Construct, id: string, props: AlertsProps) {
    super(scope, id);
    const { settings, encryption, undelivered } = props;
    ({ topic: this.topic } = new AlertTopic(this, 'Topic', { alerts: settings.alerts, encryption }));
    const events = new EventAlerts(this, 'Events', { topic: this.topic, encryption, undelivered });
    this.#runs(events);
    this.#closing(events, props.closing);
    this.#watch(events, props);
    this.alarms = this.#alarms(props);
  }

  /** At most one alert for each run: a late run is also a forced one, and a forced run is also partial. */
  #runs(events: EventAlerts): void {
    const run = `${this.#sender}: run ${detail('runId')}`;
    const counts = `${detail('counts.done')} of ${detail('counts.items')} items done, ${detail('counts.failed')} failed, ${detail('counts.missing')} missing`;
    const more = `See: npx sluice report ${detail('runId')}, or s3://${detail('bucket')}/${detail('report')}`;
    const of = (description: string, match: Record<string, unknown[]>, says: string) => ({
      description,
      pattern: this.#own(EVENT_KINDS.runEnded, match),
      says,
    });
    events.add(
      'Failed',
      of(
        'A run failed',
        { outcome: ['failed'] },
        `${run} FAILED. See: npx sluice report ${detail('runId')}, or the execution ${detail('executionArn')}`,
      ),
    );
    events.add('Late', of('A run is late', { outcome: ['late'] }, `${run} is LATE: ${counts}. ${more}`));
    events.add(
      'Forced',
      of(
        'A run continued with items missing, because its time was up',
        // A person who writes `force` into the input does not need an alert.
        { outcome: ['partial', 'complete'], forced: [true], reason: [{ 'anything-but': 'input' }] },
        `${run} was FORCED: ${counts}. ${more}`,
      ),
    );
    events.add(
      'Partial',
      of('Items of a run failed', { outcome: ['partial'], forced: [false] }, `${run} is PARTIAL: ${counts}. ${more}`),
    );
  }

  #closing(events: EventAlerts, closing: IStateMachine): void {
    events.add('CloseRunFailed', {
      description: 'A run that ended could not be closed',
      pattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: { stateMachineArn: [closing.stateMachineArn], status: ['FAILED', 'TIMED_OUT', 'ABORTED'] },
      },
      says: `${this.#sender}: a run that ended was NOT CLOSED, and has no manifest yet. The next run tries again; to try now, redrive the execution ${detail('executionArn')}`,
    });
  }

  /** If something does not happen, AWS sends no event. So a function checks whether it happened. */
  #watch(events: EventAlerts, { functions, runs, undelivered }: AlertsProps): void {
    const watch = functions.get('watch');
    new Rule(this, 'Watch', {
      description: 'Looks for runs that are too old, and for schedules that did not start',
      schedule: Schedule.rate(WATCH_EVERY),
      targets: [
        new LambdaFunction(watch, {
          event: RuleTargetInput.fromObject({ runs: runs.stateMachineArn }),
          deadLetterQueue: undelivered,
          retryAttempts: 2,
        }),
      ],
    });
    if (watch.role === undefined) throw new Error('the function watch has no role of its own');
    new Policy(this, 'watch-asks', {
      roles: [watch.role],
      statements: [new PolicyStatement({ actions: ['states:ListExecutions'], resources: [runs.stateMachineArn] })],
    });
    events.add('RunIsOld', {
      description: 'A run takes longer than alerts.runHours',
      pattern: this.#own(EVENT_KINDS.runIsOld),
      says: `${this.#sender}: run ${detail('runId')} is OLD: it has been running for ${detail('hours')} hours. See: npx sluice watch ${detail('runId')}; to stop it: npx sluice cancel ${detail('runId')}`,
    });
    events.add('NotStarted', {
      description: 'A schedule did not start a run',
      pattern: this.#own(EVENT_KINDS.notStarted),
      says: `${this.#sender}: the schedule ${detail('schedule')} did NOT START its run of ${detail('scheduledTime')}. To start it: npx sluice backfill ${detail('schedule')} --from ${detail('scheduledTime')} --to ${detail('scheduledTime')}`,
    });
  }

  #alarms({ settings, functions, deadLetters, undelivered }: AlertsProps): readonly IAlarm[] {
    const alarms = new Alarms(this, 'Alarms', { topic: this.topic });
    const most = { statistic: Stats.MAXIMUM };
    const sum = { statistic: Stats.SUM };
    alarms.add('dead-letters', {
      says: 'Messages are in the dead-letter queue: no worker could process them, and they belong to no run that is under way. docs/operations.md#dead-letters',
      metric: deadLetters.metricApproximateNumberOfMessagesVisible(most),
    });
    alarms.add('undelivered', {
      says: 'A start of a schedule, the end of a run or an alert could not be delivered, and is in the queue of undelivered events. docs/operations.md#undelivered',
      metric: undelivered.metricApproximateNumberOfMessagesVisible(most),
    });
    for (const name of MANY_AT_ONCE) {
      alarms.add(`throttles-${name}`, {
        says: `Lambda throttled the function ${name}: the concurrency of the account is used up, and runs are slower. docs/operations.md#throttles`,
        metric: functions.get(name).metricThrottles(sum),
        from: 10,
      });
    }
    alarms.add('watch-failed', {
      says: 'The function that looks for old runs and missed schedules failed, so nobody would receive an alert about them. docs/operations.md#watch-failed',
      metric: functions.get('watch').metricErrors(sum),
    });
    const { dollarsADay } = settings.alerts;
    if (dollarsADay !== undefined) {
      const metricName: MetricName = 'RunDollars';
      alarms.add('spend', {
        says: `The runs that ended in the last 24 hours cost $${dollarsADay} or more by list prices (alerts.dollarsADay). docs/operations.md#spend`,
        metric: new Metric({
          ...sum,
          namespace: METRICS_NAMESPACE,
          metricName,
          dimensionsMap: { service: Stack.of(this).stackName },
        }),
        // CloudWatch's window slides: at each moment these are the 24 hours before.
        period: Duration.days(1),
        from: dollarsADay,
      });
    }
    if (settings.redshift?.watch === true) addQueueAlarms(alarms, functions, settings.redshift);
    return alarms.all;
  }

  /** Only events of this deployment: other deployments send to the same bus. */
  #own(kind: EventKind, match: Record<string, unknown[]> = {}) {
    return {
      source: [EVENT_SOURCE],
      detailType: [kind],
      detail: { deployment: [Stack.of(this).stackName], ...match },
    };
  }
}
