import * as z from 'zod';

export const BUCKET_VARIABLE = { SLUICE_BUCKET: z.string().min(3) };
