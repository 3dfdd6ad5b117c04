/** Longer ones are mostly traps that grow with each page. */
const MAX_URL = 2_048;

/**
 * The one form of a link's URL that stands for the page: absolute, without fragment, default port and empty query, host
 * in lower case (the URL parser's work). Undefined for what is not to be fetched: another scheme, a URL with
 * credentials, one that is overlong or none.
 */
export function canonicalUrl(link: string, base: string): string | undefined {
  const url = URL.parse(link.trim(), base);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined;
  if (url.username !== '' || url.password !== '') return undefined;
  url.hash = '';
  // "?" with nothing behind it is the same page, and URL keeps it.
  if (url.search === '') url.search = '';
  return url.href.length > MAX_URL ? undefined : url.href;
}

/** Whether two URLs are on one site: the same host and port, where http and https at their own ports are one. */
export function sameSite(a: string, b: string): boolean {
  const [one, other] = [new URL(a), new URL(b)];
  return one.hostname === other.hostname && one.port === other.port;
}
