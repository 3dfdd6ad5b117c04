import * as z from 'zod';

/** A variable that contains a positive whole number. */
export const count = z.coerce.number().int().positive();
