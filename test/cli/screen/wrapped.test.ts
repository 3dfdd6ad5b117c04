import { expect, it } from 'vitest';
import { wrapped } from '#cli/screen/wrapped.ts';

it('the screen breaks a sentence between words, indents what follows, and leaves a long word whole', () => {
  const text = '- etl: queries waited at 2:00, see https://example.org/a/very/long/address and 表表 表表';
  expect(wrapped(text, 24, '  ').split('\n')).toEqual([
    '- etl: queries waited at',
    '  2:00, see',
    '  https://example.org/a/very/long/address',
    '  and 表表 表表',
  ]);
  expect(wrapped(text, Number.POSITIVE_INFINITY)).toBe(text);
});
