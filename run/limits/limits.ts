import * as z from 'zod';

/** The deployment's setting `limits`: what a run may cost. */
export const limitsSchema = z.strictObject({
  items: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(1_000_000)
    .describe(
      'The most items of a run. An input with more is refused before anything is done. docs/waiting.md says what was measured with a million.',
    ),
  sourceGiB: z
    .number()
    .positive()
    .max(50_000)
    .default(1_024)
    .describe(
      'The most that one source may hold, in GiB. A larger one fails, at its first answer where that says how long it is.',
    ),
  runGiB: z
    .number()
    .positive()
    .max(10_000_000)
    .default(10_240)
    .describe(
      'The most that the sources of a run may hold together, in GiB. A source gets no more than what is left as it begins, and none is begun where nothing is: each of them fails by name, and the run ends as `partial`. Sources in transfer at the same time know nothing of each other.',
    ),
  hours: z
    .number()
    .positive()
    .max(8_760)
    .optional()
    .describe(
      'Hours after which a run begins no further source, and its gate opens with what there is. Without it, nine tenths of `run.timeoutHours`, which ends a run hard.',
    ),
});
export type LimitsSettings = z.output<typeof limitsSchema>;
