import * as z from 'zod';

/** A limit: a number, or a share of all, such as `"5%"`. */
export const countOrShare = (what: string) =>
  z.union([
    z.int().min(0),
    z.string().regex(/^\d{1,3}(\.\d+)?%$/, `takes a number of ${what}, or a share such as "5%"`),
  ]);

/** Returns how many of all the limit allows. */
export function allowedOf(limit: number | string, all: number): number {
  return typeof limit === 'number' ? limit : Math.floor((Number.parseFloat(limit) / 100) * all);
}
