import { isIP } from 'node:net';
import { bareHost, SourceGuard, SourceRuleError } from '#net/guard/source-guard.ts';
import { UsageError } from '../usage-error.ts';

/**
 * Where a person's own copy may connect to: the public Internet, the addresses that the person typed, and the ranges
 * that the person opens.
 *
 * A redirect to another private address is still refused, because the person did not type it.
 *
 * @param urls as typed. An address or `localhost` in one of them opens only that address.
 * @param ranges CIDR.
 * @throws UsageError that names each invalid range.
 */
export function guardFor(urls: readonly string[], ranges: readonly string[]): SourceGuard {
  const typed = urls.flatMap((url) => {
    const host = bareHost(URL.parse(url)?.hostname ?? '');
    if (host === 'localhost') return ['127.0.0.1/32', '::1/128'];
    if (isIP(host) === 4) return [`${host}/32`];
    return isIP(host) === 6 ? [`${host}/128`] : [];
  });
  const problems = ranges.flatMap((range) => {
    try {
      new SourceGuard({ openRanges: [range] });
      return [];
    } catch (error) {
      if (error instanceof SourceRuleError) return [`--open-range ${error.message}`];
      throw error;
    }
  });
  if (problems.length > 0) throw new UsageError(problems);
  return new SourceGuard({ openRanges: [...new Set([...typed, ...ranges])] });
}
