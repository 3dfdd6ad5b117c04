import type { Code } from './catalogue.ts';

/** A sentence on what goes wrong around a run and is no item's failure, with its code first: it stands in a line of several. */
export function noteOf(code: Code, detail: string): string {
  return `${code}: ${detail}`;
}
