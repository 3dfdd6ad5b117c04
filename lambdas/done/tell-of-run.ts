import type { Logger } from '@aws-lambda-powertools/logger';
import type { Manifest } from '#run/end/manifest.ts';
import type { RunEnded } from '#run/events/run-ended.ts';
import type { GateRecord } from '#run/ledger/gate-record.ts';
import { type MetricsOf, sendFailures, sendMetrics } from '#run/metrics/send-metrics.ts';

/**
 * Reports an ended run to the log and to CloudWatch: always a log line with the run's totals, and the metrics that the
 * setting asks for.
 */
export function tellOfRun(
  logger: Pick<Logger, 'info'>,
  metrics: MetricsOf,
  ended: RunEnded,
  { manifest, gate }: { readonly manifest: Manifest; readonly gate: Pick<GateRecord, 'looks'> },
): void {
  const { counts, bytes, dollars, forced, runId } = manifest;
  const failures = failuresByCode(manifest);
  const { seconds, outcome, reason, schedule, scheduledTime } = ended;
  logger.info('ended', {
    runId,
    outcome,
    forced,
    reason,
    schedule,
    scheduledTime,
    counts,
    bytes,
    dollars,
    seconds,
    looks: gate.looks,
    failures: Object.fromEntries(failures),
  });
  const about = { runId, outcome };
  sendMetrics(
    metrics,
    {
      BytesLanded: bytes,
      ItemsDone: counts.done,
      ItemsFailed: counts.failed,
      ItemsMissing: counts.missing,
      ItemsUnchanged: counts.unchanged,
      RunSeconds: seconds,
      GateLooks: gate.looks,
      RunsForced: forced ? 1 : 0,
      ...(dollars !== null && { RunDollars: dollars }),
    },
    about,
  );
  sendFailures(metrics, failures);
}

/** Counts the failed items that the manifest names by their codes, the most frequent code first. */
function failuresByCode({ failed }: Manifest): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { problem } of failed) counts.set(problem.code, (counts.get(problem.code) ?? 0) + 1);
  return new Map([...counts].sort(([, one], [, other]) => other - one));
}
