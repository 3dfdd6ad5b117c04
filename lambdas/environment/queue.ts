import * as z from 'zod';

export const QUEUE_VARIABLE = { SLUICE_QUEUE_URL: z.url() };
