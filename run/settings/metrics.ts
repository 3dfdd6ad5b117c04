import * as z from '#net/zod.ts';
import { metricsLevelSchema } from '../metrics/metrics.ts';
import { setting } from './setting.ts';

/** What Sluice measures of a deployment, in addition to the metrics that AWS provides at no cost. */
export const metricsSchema = z.strictObject({
  level: setting(
    metricsLevelSchema,
    'off',
    'Custom metrics that a deployment sends to CloudWatch: `off` for none, `runs` for 13 metrics that sum up runs, or `codes` for one more metric for each error code. A metric costs $0.30 a month, in proportion to the hours in which it is sent. The default is `off`, because the manifest, the event and a log line of each run contain the same numbers for free (docs/operations.md).',
  ),
  dashboard: setting(
    z.boolean(),
    false,
    'Makes a CloudWatch dashboard, named after the stack. The first three dashboards of an account cost nothing, each further one $3 a month.',
  ),
});
