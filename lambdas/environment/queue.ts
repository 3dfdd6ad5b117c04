import * as z from '#net/zod.ts';

export const QUEUE_VARIABLE = { SLUICE_QUEUE_URL: z.url() };
