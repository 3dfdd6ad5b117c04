import { Metrics } from '@aws-lambda-powertools/metrics';
import { METRICS, METRICS_NAMESPACE, type MetricName, type MetricsLevel } from './metrics.ts';

/** Whose metrics are sent, and which. */
export interface MetricsOf {
  readonly deployment: string;
  readonly level: MetricsLevel;
}

/** A failure's code is a dimension; more than these are one mistake in many guises. */
const MOST_CODES = 30;

/**
 * Writes metrics as one log line in the embedded metric format, of which CloudWatch makes metrics. It needs no leave but that to
 * log. With the level `off` nothing is written.
 *
 * @param about goes into the line besides, for queries of the logs; it makes no metric.
 */
export function sendMetrics(
  { deployment, level }: MetricsOf,
  values: Partial<Readonly<Record<Exclude<MetricName, 'Failures'>, number>>>,
  about: Readonly<Record<string, string>> = {},
): void {
  if (level === 'off') return;
  const metrics = newMetrics(deployment);
  for (const [name, value] of Object.entries(values)) metrics.addMetric(name, METRICS[name as MetricName].unit, value);
  for (const [name, value] of Object.entries(about)) metrics.addMetadata(name, value);
  metrics.publishStoredMetrics();
}

/** Writes failures by their codes, a line each: with the level `codes` alone, since each code is a metric of its own. */
export function sendFailures({ deployment, level }: MetricsOf, codes: ReadonlyMap<string, number>): void {
  if (level !== 'codes') return;
  for (const [code, count] of [...codes].slice(0, MOST_CODES)) {
    const metrics = newMetrics(deployment);
    metrics.addDimension('code', code);
    metrics.addMetric('Failures', METRICS.Failures.unit, count);
    metrics.publishStoredMetrics();
  }
}

/** One for each line: a metric added to a line that has its name already would make a list. */
function newMetrics(deployment: string): Metrics {
  return new Metrics({ namespace: METRICS_NAMESPACE, serviceName: deployment });
}
