import * as z from '#net/zod.ts';

export const BUCKET_VARIABLE = { SLUICE_BUCKET: z.string().check(z.minLength(3)) };
