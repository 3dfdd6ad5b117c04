import * as z from '#net/zod.ts';

/** A variable that contains a positive whole number. */
export const count = z.coerce.number().check(z.int(), z.positive());
