import { expect, it } from 'vitest';
import { objectName } from '#transfer/index.ts';

it.each([
  ['attachment; filename="report 2026.csv"', 'report 2026.csv'],
  ['attachment; filename=report.csv', 'report.csv'],
  ['attachment; filename="a \\"b\\".csv"', 'a "b".csv'],
  ["attachment; filename=old.csv; filename*=UTF-8''%c3%a4%20b.csv", 'ä b.csv'],
  ["attachment; filename*=iso-8859-1'en'%e4.csv", 'ä.csv'],
  ['attachment; filename="../../etc/passwd"', 'passwd'],
  ['attachment; filename="C:\\\\temp\\\\x.csv"', 'x.csv'],
  ['attachment; filename=".."', 'from-url.bin'],
  ['attachment; filename="C:\\dir\\y.csv"', 'y.csv'],
  ['attachment; filename=two words.csv', 'two words.csv'],
  ['attachment; filename=two words.csv ; size=5', 'two words.csv'],
  ['attachment; x="; filename=other.csv"; filename="real.csv"', 'real.csv'],
  ['attachment; filename="a;b.csv"', 'a;b.csv'],
  ['attachment; filename="no second quote.csv', 'no second quote.csv'],
  ['attachment; filename*="UTF-8\'\'%c3%a4.csv"; filename=a.csv', 'ä.csv'],
  ["attachment; filename*=koi8-r''%c1.csv; filename=a.csv", 'a.csv'],
  ['inline', 'from-url.bin'],
  [undefined, 'from-url.bin'],
])('reads %j as %j', (header, name) => {
  expect(objectName(header, 'https://example.com/a/from-url.bin?x=/y')).toBe(name);
});

it.each([
  ['https://example.com/a%20b.csv', 'a b.csv'],
  ['https://example.com/100%.csv', '100%.csv'],
  ['https://example.com/a%2Fb', 'b'],
  ['https://example.com/', undefined],
  ['no URL', undefined],
])('reads %j as %j', (url, name) => {
  expect(objectName(undefined, url)).toBe(name);
});
