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
 * Reads a list of sources once, as a stream: its length doesn't matter. gzip is unpacked.
 *
 * The format is what the input says, else what the file's name ends with (`.jsonl`, `.ndjson`, `.csv`, `.tsv`), else what a server
 * says of its type, else bare URLs. JSONL holds a source a line as in the input's `sources`; CSV and TSV have a header of the
 * columns url, key, processor, bytes, sha256 and md5, of which only url is needed; bare URLs leave out empty lines and lines
 * that begin with `#`. `TsvHttpData-1.0` on the first line of the last two is the format of Google's Storage Transfer Service.
 *
 * @throws SourceListError naming the list, where it can't be had or goes on in no way.
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

/** A login page, an error as XML and a JSON array are often what stands where a list should. Each line would be a problem. */
async function* refusingPages(batches: AsyncIterable<string[]>): AsyncGenerator<string[]> {
  let begun = false;
  for await (const batch of batches) {
    const first = begun ? undefined : batch.find((line) => line.trim() !== '');
    if (first !== undefined) {
      begun = true;
      if (/^\s*</.test(first)) throw new SourceListError('is a page of HTML or XML, and no list of sources');
      if (/^\s*\[/.test(first))
        throw new SourceListError('is a JSON array: write an object a line, and name it .jsonl');
    }
    yield batch;
  }
}
