import type { ListEntry } from './list-entry.ts';
import { isTsvHttpData, readTsvHttpData } from './read-tsv-http-data.ts';

/** A URL on each line. Empty lines and lines that begin with `#` are left out. */
export async function* readUrls(lines: AsyncIterable<readonly string[]>): AsyncGenerator<ListEntry> {
  let number = 0;
  for await (const batch of lines) {
    if (number === 0 && isTsvHttpData(batch[0])) {
      yield* readTsvHttpData(batch, lines);
      return;
    }
    for (const text of batch) {
      number += 1;
      const url = text.trim();
      if (url === '' || url.startsWith('#')) continue;
      const where = `line ${number}`;
      if (/\s/.test(url)) {
        yield {
          where,
          problem:
            'contains more than a URL: write a comment on a separate line, and give a table the ending .csv or .tsv',
        };
      } else yield { where, value: { url } };
    }
  }
}
