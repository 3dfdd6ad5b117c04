import { parseJson } from '../input/json-text.ts';
import type { ListEntry } from './list-entry.ts';

/** A JSON object on each line, as in the input's `sources`. Empty lines are left out. */
export async function* readJsonLines(lines: AsyncIterable<readonly string[]>): AsyncGenerator<ListEntry> {
  let number = 0;
  for await (const batch of lines) {
    for (const text of batch) {
      number += 1;
      if (text.trim() === '') continue;
      const value = parseJson(text);
      // A line that is not JSON is not quoted, because nothing can find the secrets in it.
      const entry = value === undefined ? { problem: 'is not JSON: each line takes one object' } : { value };
      yield { where: `line ${number}`, ...entry };
    }
  }
}
