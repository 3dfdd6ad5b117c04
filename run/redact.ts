/**
 * A URL as it may be written down: no user info, no fragment, and every query value replaced, since a presigned URL or
 * an API key lives there. What is no URL comes back as a fixed word, because nothing is known about what it holds.
 */
export function redactUrl(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    return '(not a URL)';
  }
  parsed.username = '';
  parsed.password = '';
  parsed.hash = '';
  for (const name of new Set(parsed.searchParams.keys())) parsed.searchParams.set(name, 'redacted');
  return parsed.href;
}
