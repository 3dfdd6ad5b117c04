import type { ListFormat } from '../input/input.ts';
import type { ListBytes } from './list-bytes.ts';
import type { ListEntry, ReadEntries } from './list-entry.ts';
import { SourceListError } from './list-error.ts';
import { readJsonLines } from './read-json-lines.ts';
import { readCsv, readTsv } from './read-table.ts';
import { readUrls } from './read-urls.ts';
import { textLines } from './text-lines.ts';
import { unpacked } from './unpacked.ts';

const READERS: Readonly<Record<ListFormat, ReadEntries>> = {
  jsonl: readJsonLines,
  csv: readCsv,
  tsv: readTsv,
  urls: readUrls,
};

/**
 * Reads a list of sources once, as a stream, so the list may have any length. gzip is unpacked.
 *
 * The input can state the format. Otherwise the ending of the file's name decides (`.jsonl`, `.ndjson`, `.csv`,
 * `.tsv`), then the content type that a server states; the default is bare URLs. JSONL has a source on each line, as in
 * the input's `sources`. CSV and TSV have a header with the columns url, key, processor, bytes, sha256 and md5, of
 * which only url is required. Bare URLs leave out empty lines and lines that begin with `#`. In the last two,
 * `TsvHttpData-1.0` on the first line marks the format of Google's Storage Transfer Service.
 *
 * @throws SourceListError with the name of the list, if the list can't be read to its end.
 */
export async function* readSourceList(list: ListBytes, format?: ListFormat): AsyncGenerator<ListEntry> {
  try {
    const bytes = await list.read();
    const read = READERS[format ?? formatOf(list)];
    yield* read(refusingPages(textLines(unpacked(bytes, list.fileName))));
  } catch (cause) {
    throw new SourceListError(`${list.name}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

const TYPES: Readonly<Record<string, ListFormat>> = {
  'application/jsonl': 'jsonl',
  'application/json-lines': 'jsonl',
  'application/x-ndjson': 'jsonl',
  'application/x-jsonlines': 'jsonl',
  'text/csv': 'csv',
  'text/tab-separated-values': 'tsv',
};

function formatOf({ fileName, contentType }: ListBytes): ListFormat {
  const ending = /\.(\w+)$/.exec(fileName.replace(/\.gz$/i, ''))?.[1]?.toLowerCase();
  if (ending === 'jsonl' || ending === 'ndjson') return 'jsonl';
  if (ending === 'csv' || ending === 'tsv') return ending;
  return TYPES[contentType?.split(';')[0]?.trim().toLowerCase() ?? ''] ?? 'urls';
}

/**
 * Instead of a list, the file often contains a login page, an error as XML, or a JSON array. Without this check, each
 * of its lines would be a problem.
 */
async function* refusingPages(batches: AsyncIterable<string[]>): AsyncGenerator<string[]> {
  let begun = false;
  for await (const batch of batches) {
    const first = begun ? undefined : batch.find((line) => line.trim() !== '');
    if (first !== undefined) {
      begun = true;
      if (/^\s*</.test(first)) throw new SourceListError('is a page of HTML or XML, not a list of sources');
      if (/^\s*\[/.test(first))
        throw new SourceListError(
          'is a JSON array: write one object on each line, and give the list the ending .jsonl',
        );
    }
    yield batch;
  }
}
