import { MetricUnit } from '@aws-lambda-powertools/metrics';

/**
 * The metrics of the warehouse's queues, which the setting `redshift.watch` sends once a day. They have the dimension
 * `service`, the name of the stack. `QueueWaitSeconds` is also sent for each queue, with the dimension `queue`.
 */
export const QUEUE_METRICS = {
  QueueWaitSeconds: {
    unit: MetricUnit.Seconds,
    what: 'the 95th percentile of the wait in the last 24 hours: of the queue where it is longest, and of each queue',
  },
  QueuesWithoutTimeout: { unit: MetricUnit.Count, what: 'queues of manual WLM without a timeout' },
} as const;
