import * as z from 'zod';
import { jsonVariable } from '#run/environment.ts';

/** The setting `defaultInput`, as it was typed. */
export const DEFAULT_INPUT_VARIABLE = {
  SLUICE_DEFAULT_INPUT: z.optional(jsonVariable(z.record(z.string(), z.json()))),
};
