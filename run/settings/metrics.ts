import * as z from 'zod';
import { metricsLevelSchema } from '../metrics/metrics.ts';

/** What of a deployment is measured beyond what AWS measures for nothing. */
export const metricsSchema = z.strictObject({
  level: metricsLevelSchema
    .default('off')
    .describe(
      'Metrics of its own that a deployment sends to CloudWatch: `off`, `runs` for 12 that sum up runs, or `codes` for failures by their code besides, each a metric. A metric costs $0.30 a month, by the hours in which it is sent. By default none is: the manifest, the event and a log line of each run hold the same numbers for nothing (docs/operations.md).',
    ),
  dashboard: z
    .boolean()
    .default(false)
    .describe(
      'Makes a CloudWatch dashboard, named after the stack. The first three of an account cost nothing, each further one $3 a month.',
    ),
});
