import * as z from '#net/zod.ts';

/** The fields of `plan.json` that limit a run's time. */
export const planTimes = () => ({
  v: z.literal(1),
  /** When the run continues without the missing items, by its input. */
  deadline: z.nullable(z.iso.datetime()),
  /** When the run's time is up, by the setting `limits.hours`. */
  stopAt: z._default(z.nullable(z.iso.datetime()), null),
});
