import { expect, it } from 'vitest';
import { headerText } from '#net/header-text.ts';

const asNodeReads = (bytes: string | number[]) => Buffer.from(bytes as string).toString('latin1');

it.each([
  ['/ü.csv', asNodeReads('/ü.csv')],
  ['/日本.csv', asNodeReads('/日本.csv')],
  ['/plain.csv?a=%C3%BC', '/plain.csv?a=%C3%BC'],
  // Latin-1 itself, which is no UTF-8.
  ['/ü.csv', asNodeReads([0x2f, 0xfc, ...Buffer.from('.csv')])],
  // Decoded already.
  ['日本ü', '日本ü'],
])('a header with %s is read as browsers and curl read it', (text, value) => {
  expect(headerText(value)).toBe(text);
});
