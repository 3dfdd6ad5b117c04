import { printable } from '#net/printable.ts';

/** Enough to know the value by; an error with a hundred of them stays readable. */
const MOST_CHARACTERS = 80;

/** A value as an error quotes it: short, on one line, and without what a terminal would act on. */
export function quoted(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  if (value === undefined) return 'nothing';
  if (typeof value !== 'string') return String(value);
  const short = value.length > MOST_CHARACTERS ? `${value.slice(0, MOST_CHARACTERS - 1)}…` : value;
  return `"${printable(short, { lines: false }).replaceAll('"', '\\"')}"`;
}
