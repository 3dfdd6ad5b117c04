import { TooManyBadRowsError } from './errors.ts';
import type { Rejects } from './rejects.ts';

/** By default so many of all rows may be bad, and so many in any case. A choice: exports have a stray line now and then. */
const DEFAULT_SHARE = 0.1;
const DEFAULT_LEAST = 10;

/**
 * More bad than good is a failure: what was left of such a table would look like a whole one.
 *
 * @param limit the option `maxBadRows`: a number of rows, or a share such as `5%`.
 * @throws TooManyBadRowsError beyond the limit, and where no row is good, with the first three reasons.
 */
export function checkBadRows({ count, sample }: Rejects, good: number, limit: number | string | undefined): void {
  if (count === 0) return;
  const reasons = sample.slice(0, 3).map(({ line, reason }) => (line === null ? reason : `line ${line}: ${reason}`));
  const first = reasons.length === 0 ? '' : `; the first: ${reasons.join('; ')}`;
  if (good === 0) throw new TooManyBadRowsError(`each of the ${count} rows is bad${first}`);
  const all = count + good;
  const allowed = allowedOf(limit, all);
  if (count > allowed) {
    throw new TooManyBadRowsError(
      `${count} of ${all} rows are bad, ${limit === undefined ? 'by default' : 'by the option maxBadRows'} ${allowed} may be${first}`,
    );
  }
  if (limit === undefined && count > good) {
    throw new TooManyBadRowsError(
      `${count} of ${all} rows are bad, which is most of them; the option maxBadRows takes them all the same${first}`,
    );
  }
}

function allowedOf(limit: number | string | undefined, all: number): number {
  if (typeof limit === 'number') return limit;
  if (limit !== undefined) return Math.floor((Number.parseFloat(limit) / 100) * all);
  return Math.max(DEFAULT_LEAST, Math.floor(DEFAULT_SHARE * all));
}
