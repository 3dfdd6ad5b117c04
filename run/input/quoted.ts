import { printable } from '#net/printable.ts';
import { cut } from '#net/short-text.ts';

/** So many characters identify a value, and an error with a hundred values stays readable. */
const MOST_CHARACTERS = 80;

/** A value in the form in which errors quote it: short, on one line, and without control sequences for a terminal. */
export function quoted(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  if (value === undefined) return 'nothing';
  if (typeof value !== 'string') return String(value);
  return `"${printable(cut(value, MOST_CHARACTERS), { lines: false }).replaceAll('"', '\\"')}"`;
}
