import * as z from 'zod';

/** The deployment's setting `limits`: what a run may cost. */
export const limitsSchema = z.strictObject({
  items: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(1_000_000)
    .describe(
      'The largest number of items in a run. Plan refuses an input with more items before it does anything. docs/waiting.md has measurements with a million.',
    ),
  sourceGiB: z
    .number()
    .positive()
    .max(50_000)
    .default(1_024)
    .describe(
      'The largest size of one source, in GiB. A larger source fails; if its first answer states the length, it fails at once.',
    ),
  runGiB: z
    .number()
    .positive()
    .max(10_000_000)
    .default(10_240)
    .describe(
      'The largest size of all sources of a run together, in GiB. A source may have no more bytes than the run has left when its transfer begins. When the run has no bytes left, no further transfer begins: each remaining source fails, and the run ends as `partial`. Transfers at the same time do not share their counts, so a run may read more than this limit.',
    ),
  hours: z
    .number()
    .positive()
    .max(8_760)
    .optional()
    .describe(
      'Hours after which a run begins no further transfer, and its gate opens even if items are missing. By default nine tenths of `run.timeoutHours`. At `run.timeoutHours`, Step Functions ends the execution.',
    ),
});
export type LimitsSettings = z.output<typeof limitsSchema>;
