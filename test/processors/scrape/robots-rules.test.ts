import { describe, expect, it } from 'vitest';
import { parseRobots } from '#processors/scrape/robots-rules.ts';

const allows = (rules: string, path: string, agent = 'sluice') =>
  parseRobots(`User-agent: *\n${rules}`, agent).allows(path);

describe('a rule of robots.txt', () => {
  it.each([
    // RFC 9309 2.2.2: octets are compared, percent-encoded or not.
    ['Disallow: /foo', '/%66oo', false],
    ['Disallow: /%66oo', '/foo', false],
    ['Disallow: /ü', '/%C3%BC', false],
    ['Disallow: /%c3%bc', '/%C3%BC/x', false],
    ['Disallow: /a%2Fb', '/a/b', true],
    ['Disallow: /a%2fb', '/a%2Fb', false],
    ['Disallow: /a b', '/a%20b', false],
    ['Disallow: /~joe', '/%7Ejoe', false],
    ['Disallow: /a|b', '/a|b', false],
    // Wildcards, the end, and what is a literal star or dollar.
    ['Disallow: /*.gif$', '/a/b.gif', false],
    ['Disallow: /*.gif$', '/a/b.gif?x', true],
    ['Disallow: /a*c$', '/abcbc', false],
    ['Disallow: /a$', '/a', false],
    ['Disallow: /a$', '/ab', true],
    ['Disallow: /a*a$', '/a', true],
    ['Disallow: /path/%2A', '/path/*', false],
    ['Disallow: /path/%2A', '/path/x', true],
    ['Disallow: /a$b', '/a$b', false],
    ['Disallow: *x', '/a/x', false],
    ['Disallow: /a?b=*c', '/a?b=1c', false],
    // The longest wins, and of two as long the one that allows.
    ['Disallow: /a\nAllow: /a/b', '/a/b/c', true],
    ['Allow: /a\nDisallow: /a/b', '/a/b/c', false],
    ['Disallow: /page\nAllow: /page', '/page', true],
    ['Disallow:', '/x', true],
    ['Disallow: / # all', '/x', false],
    ['disallow : /x', '/x', false],
  ])('the rule %j for the path %s means: %s', (rules, path, allowed) => {
    expect(allows(rules, path)).toBe(allowed);
  });
});

it('robots.txt applies the group of the crawler, in any case and version, and otherwise the group of all', () => {
  const text =
    '\ufeffUser-agent: other\nUser-agent: SLUICE/2.0\nDisallow: /a\nCrawl-delay: 3\n\nUser-agent: *\nDisallow: /\n\nUser-agent: sluice\nDisallow: /b\n';
  const { allows: of, crawlDelaySeconds } = parseRobots(text, 'sluice');
  expect([of('/a'), of('/b'), of('/c'), crawlDelaySeconds]).toEqual([false, false, true, 3]);
  expect(parseRobots(text, 'nobody').allows('/c')).toBe(false);
  expect(parseRobots('', 'sluice').allows('/')).toBe(true);
  expect(parseRobots('<html>not found</html>', 'sluice').allows('/')).toBe(true);
});

// With robots-parser, each path took 1.4 s for these. If this test times out, the new parser is as slow.
it.each([
  ['stars', `Disallow: /${'*'.repeat(400_000)}x`, true],
  ['stars between letters', `Disallow: /${'*a'.repeat(200_000)}$`, true],
  ['5,000 rules with stars', Array.from({ length: 5_000 }, (_, n) => `Disallow: /*a*a*a${n}`).join('\n'), true],
  ['20,000 rules with stars', Array.from({ length: 20_000 }, (_, n) => `Disallow: /*a*a*a${n}`).join('\n'), false],
  ['40,000 plain rules', Array.from({ length: 40_000 }, (_, n) => `Disallow:/${n}`).join('\n'), true],
])(
  'a hostile robots.txt of %s is matched quickly, or forbids the site',
  { tags: ['heavy'] },
  (_name, rules, allowed) => {
    const parsed = parseRobots(`User-agent: *\n${rules}`, 'sluice');
    for (let n = 0; n < 20; n++) expect(parsed.allows(`/${'a'.repeat(2_000)}`)).toBe(allowed);
  },
);
