import * as z from 'zod';

/** The name of the stack, for events and metrics. */
export const DEPLOYMENT_VARIABLE = { SLUICE_DEPLOYMENT: z.string().min(1) };
