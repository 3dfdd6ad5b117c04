import { allowedOf } from './count-or-share.ts';
import { TooManyBadRowsError } from './errors.ts';
import type { Rejects } from './rejects.ts';

/**
 * By default, this share of all rows may be bad, but at least this number. We chose these numbers: an export has a
 * wrong line now and then.
 */
const DEFAULT_SHARE = 0.1;
const DEFAULT_LEAST = 10;

/**
 * Checks the number of bad rows. More bad than good rows are a failure, because the rest of such a table would look
 * complete.
 *
 * @param limit the option `maxBadRows`: a number of rows, or a share such as `5%`.
 * @throws TooManyBadRowsError if the limit is exceeded or no row is good, with the first three reasons.
 */
export function checkBadRows({ count, sample }: Rejects, good: number, limit: number | string | undefined): void {
  if (count === 0) return;
  const reasons = sample.slice(0, 3).map(({ line, reason }) => (line === null ? reason : `line ${line}: ${reason}`));
  const first = reasons.length === 0 ? '' : `; the first: ${reasons.join('; ')}`;
  if (good === 0) throw new TooManyBadRowsError(`each of the ${count} rows is bad${first}`);
  const all = count + good;
  const allowed = allowedOf(limit ?? Math.max(DEFAULT_LEAST, Math.floor(DEFAULT_SHARE * all)), all);
  if (count > allowed) {
    throw new TooManyBadRowsError(
      `${count} of ${all} rows are bad, ${limit === undefined ? 'by default' : 'by the option maxBadRows'} at most ${allowed} may be${first}`,
    );
  }
  if (limit === undefined && count > good) {
    throw new TooManyBadRowsError(
      `${count} of ${all} rows are bad, which is most of them; with the option maxBadRows they are accepted${first}`,
    );
  }
}
