import * as z from '#net/zod.ts';

/** A whole number within limits. */
export const whole = (min: number, max: number) => z.int().check(z.minimum(min), z.maximum(max));
