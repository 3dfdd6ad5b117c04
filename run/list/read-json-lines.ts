import type { ListEntry } from './list-entry.ts';

/** A JSON object on each line, as in the input's `sources`. Empty lines are left out. */
export async function* readJsonLines(lines: AsyncIterable<readonly string[]>): AsyncGenerator<ListEntry> {
  let number = 0;
  for await (const batch of lines) {
    for (const text of batch) {
      number += 1;
      if (text.trim() === '') continue;
      yield { where: `line ${number}`, ...parsed(text) };
    }
  }
}

function parsed(text: string): { value: unknown } | { problem: string } {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    // A line that is not JSON is not quoted, because nothing can find the secrets in it.
    return { problem: 'is not JSON: each line takes one object' };
  }
}
