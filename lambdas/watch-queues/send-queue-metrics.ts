import { QUEUE_METRICS } from '#run/metrics/queue-metrics.ts';
import { newMetrics } from '#run/metrics/send-metrics.ts';
import type { QueueReport } from '#warehouse/queues/queue-report.ts';

/** Each queue is a separate metric. Redshift has at most eight queues of users. */
const MOST_QUEUES = 20;

/** The values that the alarms look at. */
export interface SentQueueMetrics {
  /** The 95th percentile of the wait in the queue where it is longest. */
  readonly waitSeconds: number;
  /** Undefined without manual WLM: automatic WLM and Serverless have no timeouts of queues. */
  readonly withoutTimeout?: number;
}

/** Writes the metrics of a day's queues as log lines in the embedded metric format. */
export function sendQueueMetrics(deployment: string, { management, queues }: QueueReport): SentQueueMetrics {
  const waitSeconds = Math.max(0, ...queues.map(({ p95WaitSeconds }) => p95WaitSeconds));
  const withoutTimeout =
    management === 'manual' ? queues.filter(({ timeoutSeconds }) => timeoutSeconds === null).length : undefined;
  const { QueueWaitSeconds, QueuesWithoutTimeout } = QUEUE_METRICS;
  const all = newMetrics(deployment);
  all.addMetric('QueueWaitSeconds', QueueWaitSeconds.unit, waitSeconds);
  if (withoutTimeout !== undefined) {
    all.addMetric('QueuesWithoutTimeout', QueuesWithoutTimeout.unit, withoutTimeout);
  }
  all.publishStoredMetrics();
  for (const { name, p95WaitSeconds } of queues.slice(0, MOST_QUEUES)) {
    const one = newMetrics(deployment);
    one.addDimension('queue', name);
    one.addMetric('QueueWaitSeconds', QueueWaitSeconds.unit, p95WaitSeconds);
    one.publishStoredMetrics();
  }
  return { waitSeconds, ...(withoutTimeout !== undefined && { withoutTimeout }) };
}
