import { describe, expect, it } from 'vitest';
import { redactUrl } from '#net/redact.ts';

describe('redactUrl', () => {
  it.each([
    ['https://example.org/a/b.csv', 'https://example.org/a/b.csv'],
    ['https://user:pass@example.org/a', 'https://example.org/a'],
    ['https://example.org/a?token=secret&b=', 'https://example.org/a?token=redacted&b=redacted'],
    ['https://example.org/a?t=secret1&t=secret2#secret3', 'https://example.org/a?t=redacted'],
    ['https://example.org/a?bare-secret', 'https://example.org/a?redacted'],
    ['https://example.org/a?sig=x%3Dsecret%26y=z&&', 'https://example.org/a?sig=redacted'],
    ['https://example.org/a?', 'https://example.org/a'],
    ['https://example.org:8443/a%20b', 'https://example.org:8443/a%20b'],
    ['not a url with secret', '(not a URL)'],
  ])('redactUrl turns %s into %s', (url, redacted) => {
    expect(redactUrl(url)).toBe(redacted);
  });
});
