import type { Code } from './catalogue.ts';

/**
 * A sentence about a problem around a run that is not an item's failure. It begins with its code, because it is one
 * line among several.
 */
export function noteOf(code: Code, detail: string): string {
  return `${code}: ${detail}`;
}
