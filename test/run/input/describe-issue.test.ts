import { describe, expect, it } from 'vitest';
import { describeIssue, REPORTING } from '#run/input/describe-issue.ts';
import { executionInputSchema } from '#run/input/input.ts';

function problemsOf(input: unknown): string[] {
  const parsed = executionInputSchema.safeParse(input, REPORTING);
  return parsed.success ? [] : parsed.error.issues.map((issue) => describeIssue(issue));
}

const source = (more: object) => ({ sources: [{ url: 'https://example.org/a', ...more }] });

describe('a problem of the input', () => {
  it.each<[unknown, string | string[]]>([
    ['text', 'input: takes an object, got "text"'],
    [null, 'input: takes an object, got null'],
    [{ sources: 'https://example.org' }, 'sources: takes a list, got "https://example.org"'],
    [{ sources: ['https://example.org'] }, 'sources[0]: takes an object, got "https://example.org"'],
    [{ sources: [{}] }, 'sources[0].url: is missing: takes text'],
    [{ sources: [{ url: 5 }] }, 'sources[0].url: takes text, got 5'],
    [{ source: [] }, 'input: there is no field "source"'],
    [
      source({ process: 'No!' }),
      'sources[0].process: takes the name of a processor, such as parquet, profile, scrape, unpack, got "No!"',
    ],
    [source({ process: { processor: 'profile', option: {} } }), 'sources[0].process: there is no field "option"'],
    [source({ expect: { bytes: '12' } }), 'sources[0].expect.bytes: takes a number, got "12"'],
    [source({ expect: { bytes: 1.5 } }), 'sources[0].expect.bytes: takes a whole number, got 1.5'],
    [source({ expect: { sha256: 'abc' } }), 'sources[0].expect.sha256: takes 64 characters, got "abc"'],
    [source({ ifExists: 'x' }), 'sources[0].ifExists: takes one of update, skip, overwrite, fail, got "x"'],
    [source({ allowUnprovenEnd: 'yes' }), 'sources[0].allowUnprovenEnd: takes true or false, got "yes"'],
    [source({ key: 'a\u001b[2Jb' }), 'sources[0].key: takes no control characters, got "a\\u001b[2Jb"'],
    [
      { work: [{ processor: 'scrape', name: 'a\u202eb' }] },
      expect.stringContaining('this contains U+202E, got "a\\u202eb"'),
    ],
    [{ waitFor: [] }, 'waitFor: takes at least 1 entry, got an array'],
    [{ waitFor: [{ check: 'x' }] }, expect.stringContaining('waitFor[0].check: takes one of ledger, queue, objects')],
    [{ deadlineMinutes: 0 }, 'deadlineMinutes: takes more than 0, got 0'],
    [{ scheduledTime: 'yesterday' }, expect.stringMatching(/^scheduledTime: takes an ISO 8601 time.*got "yesterday"$/)],
    [{ sourcesFrom: {} }, expect.stringContaining('sourcesFrom: takes either the key of an object in S3 or a url')],
    [{ sourcesFrom: { key: 'a', url: 'https://h/a' } }, expect.stringContaining('takes either the key')],
    [
      { sourcesFrom: { url: 'https://h/a', bucket: 'abc' } },
      'sourcesFrom.bucket: belongs to a key: remove it if you give a url',
    ],
  ])('a problem of %j is described in plain words, with the value', (input, problem) => {
    expect(problemsOf(input)).toEqual([problem]);
  });

  it('a problem quotes only the beginning of a long value', () => {
    const [problem = ''] = problemsOf(source({ ifExists: 'x'.repeat(100_000) }));
    expect(problem.length).toBeLessThan(200);
  });

  it.each([
    [{ sources: [{ url: 'https://me:planted@example.org/a' }] }],
    [{ sources: [{ url: 'me:planted@example.org/a?x=planted' }] }],
    [{ sources: [{ url: 'https://exa mple.org/?sig=planted' }] }],
    [source({ headers: { Authorization: 'planted' } })],
    [source({ headers: { 'X-Vendor': ['planted'] } })],
    [source({ query: { key: { secret: 'a b', field: 'planted' } } })],
    [source({ basicAuth: { username: 'me', password: 'planted' } })],
    [source({ basicAuth: { username: 'me', password: 424242 } })],
    [source({ headers: { 'x-token': ['planted'] } })],
    [source({ oauth2: { tokenUrl: 'not a url planted', clientId: 'me', clientSecret: 'planted' } })],
  ])('a problem of %j quotes no secret', (input) => {
    const problems = problemsOf(input);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join('\n')).not.toMatch(/planted|424242/);
  });

  it.each([
    'http://h/a b',
    ' http://h/a',
    'http://h/a # first',
    'http://h/a.csv\traw/a',
    'http://h/a\nb',
    'http://h/\u0000',
  ])('the problem of the URL %j is its white space, which the URL parser would drop or encode', (url) => {
    expect(problemsOf({ sources: [{ url }] })).toEqual([expect.stringContaining('takes no white space')]);
  });
});
