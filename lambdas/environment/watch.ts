import * as z from 'zod';
import { jsonVariable } from '#run/environment.ts';

/** What the watch checks. */
export const WATCH_VARIABLE = {
  SLUICE_WATCH: jsonVariable(
    z.object({
      runHours: z.number().positive(),
      schedules: z.array(z.object({ name: z.string(), expression: z.string(), timeZone: z.string() })),
    }),
  ),
};
