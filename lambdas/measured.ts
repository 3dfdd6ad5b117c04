import { readEnvironment } from '#run/environment.ts';
import { peakMemoryMiB } from '#run/landing/peak-memory.ts';
import { sendMetrics } from '#run/metrics/send-metrics.ts';
import { METRICS_VARIABLE } from '#run/settings/variables/metrics.ts';
import { DEPLOYMENT_VARIABLE } from './environment/deployment.ts';
import { MEMORY_VARIABLE } from './environment/memory.ts';

/**
 * Wraps the handler of a transferring function so that it sends a metric of its peak memory. A warm function keeps its
 * peak.
 */
export function measured<A extends readonly unknown[], R>(
  work: (...args: A) => Promise<R>,
): (...args: A) => Promise<R> {
  const env = readEnvironment({ ...METRICS_VARIABLE, ...DEPLOYMENT_VARIABLE, ...MEMORY_VARIABLE });
  const given = env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE;
  return async (...args) => {
    try {
      return await work(...args);
    } finally {
      const percent = Math.round((100 * peakMemoryMiB()) / given);
      sendMetrics(
        { deployment: env.SLUICE_DEPLOYMENT, level: env.SLUICE_METRICS.level },
        { TransferMemoryPercent: percent },
      );
    }
  };
}
