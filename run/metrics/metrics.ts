import type { MetricUnit } from '@aws-lambda-powertools/metrics';
import * as z from '#net/zod.ts';

/** The namespace in CloudWatch. Each metric has one dimension, `service`, which is the name of the stack. */
export const METRICS_NAMESPACE = 'Sluice';

/**
 * The metrics that are sent to CloudWatch, by the setting `metrics.level`: none; those that sum up runs; or those and
 * one metric for each code of a failure.
 */
export const metricsLevelSchema = z.enum(['off', 'runs', 'codes']);
export type MetricsLevel = z.infer<typeof metricsLevelSchema>;

interface MetricKind {
  readonly unit: (typeof MetricUnit)[keyof typeof MetricUnit];
  readonly what: string;
  readonly when: string;
}

/** All of Sluice's own metrics. AWS has others at no cost: the queue's age, throttles, errors, durations. */
export const METRICS = {
  BytesLanded: { unit: 'Bytes', what: 'bytes that the run landed', when: 'a run ends' },
  ItemsDone: { unit: 'Count', what: 'items that are done', when: 'a run ends' },
  ItemsFailed: { unit: 'Count', what: 'items that failed', when: 'a run ends' },
  ItemsMissing: { unit: 'Count', what: 'items that are missing', when: 'a run ends' },
  ItemsUnchanged: {
    unit: 'Count',
    what: 'objects whose source has not changed since the run before',
    when: 'a run ends',
  },
  RunSeconds: { unit: 'Seconds', what: 'from the start of the run to its end', when: 'a run ends' },
  GateLooks: { unit: 'Count', what: 'how often the gatekeeper looked', when: 'a run ends' },
  RunDollars: {
    unit: 'None',
    what: 'what the run costs in dollars by list prices, without storage',
    when: 'a run ends',
  },
  RunsForced: {
    unit: 'Count',
    what: '1 where the run was forced and 0 where not: the average is the share of forced runs',
    when: 'a run ends',
  },
  LateResults: {
    unit: 'Count',
    what: 'results that came after their run was closed',
    when: 'a worker ends',
  },
  WorkerMinutes: { unit: 'Count', what: 'minutes that the worker ran', when: 'a worker ends' },
  WorkerMemoryPercent: {
    unit: 'Percent',
    what: "the most memory that the worker and the processes of its items had, as a share of the task's memory",
    when: 'a worker ends',
  },
  TransferMemoryPercent: {
    unit: 'Percent',
    what: 'the most memory that a function which transfers had since it was started, as a share of its memory',
    when: 'a call of Open, Slice or Close ends',
  },
  Failures: {
    unit: 'Count',
    what: 'failed items by their `code`, a second dimension; only with `metrics.level=codes`',
    when: 'a run ends',
  },
} as const satisfies Record<string, MetricKind>;
export type MetricName = keyof typeof METRICS;
