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
 * @throws UsageError if a range is invalid.
 */
export function guardFor(urls: readonly string[], ranges: readonly string[]): SourceGuard {
  const typed = urls.flatMap((url) => {
    const host = bareHost(new URL(url).hostname);
    if (host === 'localhost') return ['127.0.0.1/32', '::1/128'];
    if (isIP(host) === 4) return [`${host}/32`];
    return isIP(host) === 6 ? [`${host}/128`] : [];
  });
  try {
    return new SourceGuard({ openRanges: [...new Set([...typed, ...ranges])] });
  } catch (error) {
    if (error instanceof SourceRuleError) throw new UsageError(`--open-range ${error.message}`);
    throw error;
  }
}
