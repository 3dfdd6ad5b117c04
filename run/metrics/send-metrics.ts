import { Metrics } from '@aws-lambda-powertools/metrics';
import { METRICS, METRICS_NAMESPACE, type MetricName, type MetricsLevel } from './metrics.ts';

/** The deployment that sends metrics, and which metrics. */
export interface MetricsOf {
  readonly deployment: string;
  readonly level: MetricsLevel;
  /** Metrics that are sent at every level, because an alarm uses them. @default none */
  readonly always?: readonly MetricName[];
}

/** A failure's code is a dimension. More codes than this are probably one mistake in many forms. */
const MOST_CODES = 30;

/**
 * Writes metrics as one log line in the embedded metric format, from which CloudWatch makes metrics. It needs only the
 * permission to write logs. With the level `off`, only the metrics of `always` are written.
 * @param about is added to the line, for queries of the logs; it makes no metric.
 */
export function sendMetrics(
  { deployment, level, always = [] }: MetricsOf,
  values: Partial<Readonly<Record<Exclude<MetricName, 'Failures'>, number>>>,
  about: Readonly<Record<string, string>> = {},
): void {
  const sent = (Object.entries(values) as [MetricName, number][]).filter(
    ([name]) => level !== 'off' || always.includes(name),
  );
  if (sent.length === 0) return;
  const metrics = newMetrics(deployment);
  for (const [name, value] of sent) metrics.addMetric(name, METRICS[name].unit, value);
  for (const [name, value] of Object.entries(about)) metrics.addMetadata(name, value);
  metrics.publishStoredMetrics();
}

/** Writes a line for each failure code, only with the level `codes`, because each code is a separate metric. */
export function sendFailures({ deployment, level }: MetricsOf, codes: ReadonlyMap<string, number>): void {
  if (level !== 'codes') return;
  for (const [code, count] of [...codes].slice(0, MOST_CODES)) {
    const metrics = newMetrics(deployment);
    metrics.addDimension('code', code);
    metrics.addMetric('Failures', METRICS.Failures.unit, count);
    metrics.publishStoredMetrics();
  }
}

/** A new object for each line: a metric whose name is already in the line would become a list of values. */
export function newMetrics(deployment: string): Metrics {
  return new Metrics({ namespace: METRICS_NAMESPACE, serviceName: deployment });
}
