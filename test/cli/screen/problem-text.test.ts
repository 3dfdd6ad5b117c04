import stringWidth from 'string-width';
import { expect, it } from 'vitest';
import { explain } from '#cli/explain.ts';
import { problemText } from '#cli/screen/problem-text.ts';
import { UsageError } from '#cli/usage-error.ts';
import { InvalidInputError } from '#run/errors.ts';

const plain = (_tone: unknown, text: string) => text;
const long = 'has white space in it, and a URL has none: give each URL a line of its own, and write %20 for a space';
const problems = [`"one" ${long}`, `"two\nlines" ${long}`, ...Array.from({ length: 60 }, (_, at) => `${at} ${long}`)];

it.each([
  ['one mistake', new UsageError(`"one" ${long}`), 1],
  ['62 mistakes', new UsageError(problems), 62],
  ['62 problems of an input', new InvalidInputError(problems), 62],
])('a problem of %s loses no word, and no line of it is wider than the terminal', (_what, error, count) => {
  const problem = { ...explain(error), problems: error.problems };
  const text = problemText(problem, plain, 80);
  expect(Math.max(...text.split('\n').map((line) => stringWidth(line)))).toBeLessThanOrEqual(80);
  expect(text.replaceAll(/\s+/g, ' ').split(long)).toHaveLength(count + 1);
  // A line of a list begins with its own mark, whatever the value contains.
  expect(text.match(/^ {4}- /gm) ?? ['-']).toHaveLength(count);
});

it('a problem is not broken into lines where there is no terminal', () => {
  const error = new UsageError(problems);
  const text = problemText({ ...explain(error), problems }, plain);
  for (const problem of problems) expect(text).toContain(`\n    - ${problem.replace('\n', '\\u000a')}\n`);
});
