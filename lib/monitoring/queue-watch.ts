import { Duration, Stack } from 'aws-cdk-lib';
import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { METRICS_NAMESPACE } from '#run/metrics/metrics.ts';
import type { QUEUE_METRICS } from '#run/metrics/queue-metrics.ts';
import type { RedshiftSettings } from '#run/settings/redshift.ts';
import type { Functions } from '../functions/functions.ts';
import type { Alarms } from './alarms.ts';

export interface QueueWatchProps {
  readonly functions: Functions;
  /** Takes the starts that can't be handed to the function. */
  readonly undelivered: IQueue;
}

/** Reads the warehouse's queues once a day. Made only with the setting `redshift.watch`. */
export class QueueWatch extends Construct {
  constructor(scope: Construct, id: string, { functions, undelivered }: QueueWatchProps) {
    super(scope, id);
    new Rule(this, 'Daily', {
      description: "Records how long queries wait in the warehouse's queues",
      schedule: Schedule.rate(Duration.days(1)),
      targets: [new LambdaFunction(functions.get('watch-queues'), { deadLetterQueue: undelivered, retryAttempts: 2 })],
    });
  }
}

/** Adds the alarms of the warehouse's queues. An alarm keeps its state until the next day's metric. */
export function addQueueAlarms(alarms: Alarms, functions: Functions, { watchWaitSeconds }: RedshiftSettings): void {
  const metric = (metricName: keyof typeof QUEUE_METRICS) =>
    new Metric({
      namespace: METRICS_NAMESPACE,
      metricName,
      dimensionsMap: { service: Stack.of(alarms).stackName },
      statistic: Stats.MAXIMUM,
    });
  const period = Duration.hours(1);
  alarms.add('queue-wait', {
    says: `In a queue of the warehouse, 5 % of the queries waited ${watchWaitSeconds} s or longer in a day. "npx sluice wlm --days 1" shows the queue and what to change. docs/operations.md#queue-wait`,
    metric: metric('QueueWaitSeconds'),
    from: watchWaitSeconds,
    period,
    keepsState: true,
  });
  alarms.add('queue-timeout', {
    says: 'A queue of the warehouse has no timeout, so one query can hold a slot for ever. "npx sluice wlm" shows the queue and a sufficient timeout. docs/operations.md#queue-timeout',
    metric: metric('QueuesWithoutTimeout'),
    period,
    keepsState: true,
  });
  alarms.add('watch-queues-failed', {
    says: 'The function that reads the queues of the warehouse failed, so nobody would receive an alert about long waits. docs/operations.md#watch-queues-failed',
    metric: functions.get('watch-queues').metricErrors({ statistic: Stats.SUM }),
  });
}
