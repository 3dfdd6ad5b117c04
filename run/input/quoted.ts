import { printable } from '#net/printable.ts';

/** So many characters identify a value, and an error with a hundred values stays readable. */
const MOST_CHARACTERS = 80;

/** A value in the form in which errors quote it: short, on one line, and without control sequences for a terminal. */
export function quoted(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  if (value === undefined) return 'nothing';
  if (typeof value !== 'string') return String(value);
  const short = value.length > MOST_CHARACTERS ? `${value.slice(0, MOST_CHARACTERS - 1)}…` : value;
  return `"${printable(short, { lines: false }).replaceAll('"', '\\"')}"`;
}
