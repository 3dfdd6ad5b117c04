import { describe, expect, it } from 'vitest';
import { keyProblem, lookOfKey } from '#run/input/key-problem.ts';

describe('keyProblem', () => {
  it.each(['a', 'raw/2026/trips.csv', 'naïve/日本.json', 'नेपाली/क्‍ष.csv', `${'a'.repeat(1_024)}`])('takes %s', (key) => {
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
    ['a\u{e0041}', /invisible/],
    ['a\ufeff', /invisible/],
    ['a\ud800', /surrogate/],
    ['ä'.repeat(600), /at most 1024 bytes, got 1200/],
  ])('refuses %j', (key, problem) => {
    expect(keyProblem(key)).toMatch(problem);
  });
});

it('takes a composed and a decomposed letter for one look, and upper and lower case for two', () => {
  expect(lookOfKey('cafe\u0301')).toBe(lookOfKey('caf\u00e9'));
  expect(lookOfKey('A')).not.toBe(lookOfKey('a'));
});
