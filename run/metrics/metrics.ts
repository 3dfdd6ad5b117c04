import { MetricUnit } from '@aws-lambda-powertools/metrics';
import * as z from 'zod';

/** The namespace in CloudWatch. Each metric has one dimension, `service`, which is the name of the stack. */
export const METRICS_NAMESPACE = 'Sluice';

/**
 * What is sent to CloudWatch, by the setting `metrics.level`: nothing; what sums up runs; or failures by their codes besides,
 * each a metric of its own.
 */
export const metricsLevelSchema = z.enum(['off', 'runs', 'codes']);
export type MetricsLevel = z.infer<typeof metricsLevelSchema>;

interface MetricKind {
  readonly unit: (typeof MetricUnit)[keyof typeof MetricUnit];
  readonly what: string;
  readonly when: string;
}

/** Every metric of Sluice's own. AWS has others, for nothing: the queue's age, throttles, errors, durations. */
export const METRICS = {
  BytesLanded: { unit: MetricUnit.Bytes, what: 'bytes that the run landed', when: 'a run ends' },
  ItemsDone: { unit: MetricUnit.Count, what: 'items that are done', when: 'a run ends' },
  ItemsFailed: { unit: MetricUnit.Count, what: 'items that failed', when: 'a run ends' },
  ItemsMissing: { unit: MetricUnit.Count, what: 'items that are missing', when: 'a run ends' },
  ItemsUnchanged: {
    unit: MetricUnit.Count,
    what: 'objects whose source has not changed since the run before',
    when: 'a run ends',
  },
  RunSeconds: { unit: MetricUnit.Seconds, what: 'from the start of the run to its end', when: 'a run ends' },
  GateLooks: { unit: MetricUnit.Count, what: 'how often the gatekeeper looked', when: 'a run ends' },
  RunsForced: {
    unit: MetricUnit.Count,
    what: '1 where the run was forced and 0 where not: the average is the share of forced runs',
    when: 'a run ends',
  },
  LateResults: {
    unit: MetricUnit.Count,
    what: 'results that came after their run was closed',
    when: 'a worker leaves',
  },
  WorkerMinutes: { unit: MetricUnit.Count, what: 'minutes that the worker was there', when: 'a worker leaves' },
  WorkerMemoryPercent: {
    unit: MetricUnit.Percent,
    what: 'the most memory that the worker and the processes of its items had, of what the task has',
    when: 'a worker leaves',
  },
  TransferMemoryPercent: {
    unit: MetricUnit.Percent,
    what: 'the most memory that a function which transfers had since it was started, of what it has',
    when: 'a call of Open, Slice or Close ends',
  },
  Failures: {
    unit: MetricUnit.Count,
    what: 'failed items by their `code`, a second dimension; with `metrics.level=codes` alone',
    when: 'a run ends',
  },
} as const satisfies Record<string, MetricKind>;
export type MetricName = keyof typeof METRICS;
