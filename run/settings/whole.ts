import * as z from 'zod';

/** A whole number within limits. */
export const whole = (min: number, max: number) => z.int().min(min).max(max);
