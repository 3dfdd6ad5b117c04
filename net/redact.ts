/**
 * Returns a URL in a form that may be written into records, logs, errors and metadata: without user info and fragment,
 * and with every value of the query replaced, because the values include signatures of presigned URLs and API keys. A
 * part of the query without a name counts as a value. A text that is not a URL is replaced by a fixed text, because it
 * may contain anything.
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
