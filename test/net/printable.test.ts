import { expect, it } from 'vitest';
import { printable } from '#net/printable.ts';

it.each([
  ['\u001b]52;c;ZXZpbA==\u0007', '\\u{1b}]52;c;ZXZpbA==\\u{7}'],
  ['a\rb\u0008c\u007f', 'a\\u{d}b\\u{8}c\\u{7f}'],
  ['\u009b2J', '\\u{9b}2J'],
  ['gpj.\u202eexe', 'gpj.\\u{202e}exe'],
  ['a\u2028b\u200bc\ufeffd', 'a\\u{2028}b\\u{200b}c\\u{feff}d'],
  ['half \ud800', 'half \\u{d800}'],
  ['\u{e0041}', '\\u{e0041}'],
])('shows %j as %s', (text, shown) => {
  expect(printable(text)).toBe(shown);
});

it.each(['naïve 日本 नेपाली क्‍ष', '👨‍👩‍👧 ❤️', 'two\nlines\tand a tab'])('leaves %j as it is', (text) => {
  expect(printable(text)).toBe(text);
});

it('shows line feeds and tabs too where the text has to be one line', () => {
  expect(printable('a\nb\tc', { lines: false })).toBe('a\\u{a}b\\u{9}c');
});
