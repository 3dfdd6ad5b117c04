/**
 * A URL as it may be written down, in records, logs, errors and metadata: no user info, no fragment, and every value of
 * the query replaced, since a presigned URL's signature or an API's key lives there. A part of the query without a name is
 * such a value. What is no URL comes back as a fixed word, because nothing is known of what it holds.
 */
export function redactUrl(url: URL | string): string {
  const parsed = URL.parse(String(url));
  if (parsed === null) return '(not a URL)';
  parsed.username = '';
  parsed.password = '';
  parsed.hash = '';
  const names = parsed.search
    .slice(1)
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => (pair.includes('=') ? `${pair.slice(0, pair.indexOf('='))}=redacted` : 'redacted'));
  parsed.search = [...new Set(names)].join('&');
  return parsed.href;
}
