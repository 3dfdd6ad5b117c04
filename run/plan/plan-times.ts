import * as z from 'zod';

/** The fields of `plan.json` that limit a run's time. */
export const planTimes = () => ({
  v: z.literal(1),
  /** When the run continues without the missing items, by its input. */
  deadline: z.iso.datetime().nullable(),
  /** When the run's time is up, by the setting `limits.hours`. */
  stopAt: z.iso.datetime().nullable().default(null),
});
