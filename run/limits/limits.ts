import * as z from '#net/zod.ts';
import { setting } from '../settings/setting.ts';
import { whole } from '../settings/whole.ts';

/** The deployment's setting `limits`: what a run may cost. */
export const limitsSchema = z.strictObject({
  items: setting(
    whole(1, 1_000_000),
    1_000_000,
    'The largest number of items in a run. Plan refuses an input with more items before it does anything. docs/waiting.md has measurements with a million.',
  ),
  sourceGiB: setting(
    z.number().check(z.positive(), z.maximum(50_000)),
    1_024,
    'The largest size of one source, in GiB. A larger source fails; if its first answer states the length, it fails at once.',
  ),
  runGiB: setting(
    z.number().check(z.positive(), z.maximum(10_000_000)),
    10_240,
    'The largest size of all sources of a run together, in GiB. A source may have no more bytes than the run has left when its transfer begins. When the run has no bytes left, no further transfer begins: each remaining source fails, and the run ends as `partial`. Transfers at the same time do not share their counts, so a run may read more than this limit.',
  ),
  hours: z
    .optional(z.number().check(z.positive(), z.maximum(8_760)))
    .check(
      z.describe(
        'Hours after which a run begins no further transfer, and its gate opens even if items are missing. By default nine tenths of `run.timeoutHours`. At `run.timeoutHours`, Step Functions ends the execution.',
      ),
    ),
});
export type LimitsSettings = z.output<typeof limitsSchema>;
