/**
 * A URL as it may be written down: no user info, no fragment, no query, since a presigned URL's or an API's key lives
 * there.
 */
export function redactUrl(url: URL | string): string {
  const parsed = URL.parse(String(url));
  if (parsed === null) return '(not a URL)';
  parsed.username = '';
  parsed.password = '';
  parsed.hash = '';
  parsed.search = '';
  return parsed.href;
}
