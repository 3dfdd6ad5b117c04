import { expect, it } from 'vitest';
import { printable } from '#net/printable.ts';

it.each([
  ['\u001b]52;c;ZXZpbA==\u0007', '\\u001b]52;c;ZXZpbA==\\u0007'],
  ['a\rb\u0008c\u007f', 'a\\u000db\\u0008c\\u007f'],
  ['\u009b2J', '\\u009b2J'],
  ['gpj.\u202eexe', 'gpj.\\u202eexe'],
  ['a\u2028b\u200bc\ufeffd', 'a\\u2028b\\u200bc\\ufeffd'],
  ['half \ud800', 'half \\ud800'],
  ['\u{e0041}', '\\udb40\\udc41'],
])('printable shows %j as %s', (text, shown) => {
  expect(printable(text)).toBe(shown);
});

it.each(['naïve 日本 नेपाली क्‍ष', '👨‍👩‍👧 ❤️', 'two\nlines\tand a tab'])('printable does not change %j', (text) => {
  expect(printable(text)).toBe(text);
});

it('printable also shows line feeds and tabs if the text has to be one line', () => {
  expect(printable('a\nb\tc', { lines: false })).toBe('a\\u000ab\\u0009c');
});

it('printable does not change the meaning of JSON', () => {
  const value = { name: 'a\u009b\u202e\u{e0041}\ud800\n' };
  expect(JSON.parse(printable(JSON.stringify(value)))).toEqual(value);
});
