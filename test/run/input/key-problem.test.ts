import { describe, expect, it } from 'vitest';
import { keyProblem, lookOfKey } from '#run/input/key-problem.ts';

describe('keyProblem', () => {
  it.each([
    'a',
    'raw/2026/trips.csv',
    'naïve/日本.json',
    'नेपाली/क्‍ष.csv',
    'می\u200cخواهم.csv',
    '😀.csv',
    `${'a'.repeat(1_024)}`,
  ])('a key may have %s', (key) => {
    expect(keyProblem(key)).toBeUndefined();
  });

  it.each([
    ['', /at least one character/],
    ['/a', /segment/],
    ['a//b', /segment/],
    ['a/../b', /segment/],
    ['a/', /segment/],
    ['a\nb', /control/],
    ['runs/x', /outside runs\//],
    ['output/x', /outside output\//],
    ['a\u202etxt.exe', /direction/],
    ['a\u200b', /invisible/],
    ['a\u{e0041}', /invisible.*U\+E0041/],
    ['a\ufffeb', /invisible.*U\+FFFE/],
    ['a\u{1ffff}', /invisible/],
    ['a\u00adb', /invisible/],
    ['a\u3164', /invisible/],
    ['a\ufe0f', /invisible/],
    ['a\u034fb', /invisible/],
    ['a\u2028b', /invisible/],
    ['a\u0085b', /control/],
    // Joiners are for scripts that are joined; between Latin letters nobody sees them.
    ['a\u200db', /invisible/],
    ['\u200cनेपाली', /invisible/],
    ['a\ufeff', /invisible/],
    ['a\ud800', /surrogate/],
    ['ä'.repeat(600), /at most 1024 bytes, got 1200/],
  ])('the key %j is refused', (key, problem) => {
    expect(keyProblem(key)).toMatch(problem);
  });
});

it('a composed and a decomposed letter look the same, and upper and lower case look different', () => {
  expect(lookOfKey('cafe\u0301')).toBe(lookOfKey('caf\u00e9'));
  expect(lookOfKey('A')).not.toBe(lookOfKey('a'));
});
