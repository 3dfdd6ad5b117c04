/** Longer URLs are mostly traps that grow with each page. */
const MAX_URL = 2_048;

/**
 * Returns the canonical URL of a link: absolute, without fragment, default port and empty query, host in lower case
 * (the URL parser does this). Returns undefined for a link that must not be fetched: another scheme, a URL with
 * credentials, an overlong or invalid URL.
 */
export function canonicalUrl(link: string, base: string): string | undefined {
  const url = URL.parse(link.trim(), base);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined;
  if (url.username !== '' || url.password !== '') return undefined;
  url.hash = '';
  // A "?" with nothing after it means the same page, but the URL parser keeps it.
  if (url.search === '') url.search = '';
  return url.href.length > MAX_URL ? undefined : url.href;
}

/**
 * Returns whether two URLs belong to one site: the same host and port. http and https at their default ports count as
 * the same.
 */
export function sameSite(a: string, b: string): boolean {
  const [one, other] = [new URL(a), new URL(b)];
  return one.hostname === other.hostname && one.port === other.port;
}
