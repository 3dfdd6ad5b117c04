import * as z from '#net/zod.ts';

/** The name of the stack, for events and metrics. */
export const DEPLOYMENT_VARIABLE = { SLUICE_DEPLOYMENT: z.string().check(z.minLength(1)) };
