import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Options, parse } from 'csv-parse';
import { quoted } from '../input/quoted.ts';
import { countText } from '../quantities.ts';
import type { ListEntry } from './list-entry.ts';
import { SourceListError } from './list-error.ts';
import { isTsvHttpData, readTsvHttpData } from './read-tsv-http-data.ts';

const COLUMNS = ['url', 'key', 'processor', 'bytes', 'sha256', 'md5'];

/**
 * A table whose first line names its columns, with commas or semicolons between its fields. Spreadsheets in many
 * European countries write semicolons.
 */
export function readCsv(lines: AsyncIterable<readonly string[]>): AsyncGenerator<ListEntry> {
  return readTable(lines, {});
}

/** The same with tabs. A quote counts only at the beginning of a field. The format may also be `TsvHttpData-1.0`. */
export function readTsv(lines: AsyncIterable<readonly string[]>): AsyncGenerator<ListEntry> {
  return readTable(lines, { delimiter: '\t', relax_quotes: true });
}

async function* readTable(lines: AsyncIterable<readonly string[]>, format: Options): AsyncGenerator<ListEntry> {
  const iterator = lines[Symbol.asyncIterator]();
  let first: readonly string[] = [];
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
    first = next.value;
    if (first.length > 0) break;
  }
  const others = { [Symbol.asyncIterator]: () => iterator };
  if (isTsvHttpData(first[0])) {
    yield* readTsvHttpData(first, others);
    return;
  }
  // Excel states the delimiter on a line before the names of the columns.
  const stated = /^sep=(.)$/i.exec(first[0] ?? '')?.[1];
  const header = first.find((line, at) => line.trim() !== '' && !line.startsWith('#') && (at > 0 || !stated)) ?? '';
  const parser = parse({
    delimiter: stated ?? (header.includes(';') && !header.includes(',') ? ';' : ','),
    // That line is not part of the table, but the line numbers count it.
    from_line: stated === undefined ? 1 : 2,
    trim: true,
    skip_empty_lines: true,
    comment: '#',
    comment_no_infix: true,
    relax_column_count: true,
    // The length of a line is limited, but a quote that is never closed makes one record of many lines.
    max_record_size: 131_072,
    info: true,
    ...format,
  });
  const text = async function* () {
    yield `${first.join('\n')}\n`;
    for await (const batch of others) if (batch.length > 0) yield `${batch.join('\n')}\n`;
  };
  // The reader below receives each error too. This handler only keeps the error from ending the process.
  const fed = pipeline(Readable.from(text()), parser).catch(() => {});
  let columns: readonly string[] | undefined;
  try {
    for await (const row of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      const { record, info } = row;
      if (columns === undefined) columns = columnsOf(record);
      else yield { where: `line ${info.lines}`, ...entry(columns, record) };
    }
  } finally {
    parser.destroy();
    await fed;
  }
}

/** Returns the names in the first line, in lower case. @throws SourceListError */
function columnsOf(record: readonly string[]): readonly string[] {
  // One name more than there are columns is enough to see that a name is wrong: a line can contain 30,000.
  const names = record.slice(0, COLUMNS.length + 1).map((name) => name.toLowerCase());
  const unknown = names.filter((name) => !COLUMNS.includes(name));
  const repeated = names.filter((name, at) => names.indexOf(name) !== at);
  if (unknown.length === 0 && repeated.length === 0 && names.includes('url')) return names;
  const wrong = [...unknown, ...repeated][0];
  const got =
    wrong === undefined
      ? `got ${quoted(names.join(', '))}, without url`
      : wrong.includes('://')
        ? 'got a URL: the list has no line with names'
        : `got ${quoted(wrong)}`;
  throw new SourceListError(
    `its first line must name the columns: url and any of ${COLUMNS.slice(1).join(', ')}, each once; ${got}`,
  );
}

function entry(columns: readonly string[], record: readonly string[]): { value: unknown } | { problem: string } {
  if (record.length !== columns.length) {
    return {
      problem: `has ${countText(record.length, 'field')}, but the first line has ${countText(columns.length, 'column')}`,
    };
  }
  const field = (name: string) => {
    const value = record[columns.indexOf(name)];
    return value === undefined || value === '' ? undefined : value;
  };
  const [key, processor, bytes, sha256, md5] = COLUMNS.slice(1).map(field);
  const expect = {
    // A text that is not a number stays unchanged, so that the schema refuses it and quotes it.
    ...(bytes !== undefined && { bytes: /^\d{1,15}$/.test(bytes) ? Number(bytes) : bytes }),
    ...(sha256 !== undefined && { sha256 }),
    ...(md5 !== undefined && { md5 }),
  };
  return {
    value: {
      url: field('url') ?? '',
      ...(key !== undefined && { key }),
      ...(processor !== undefined && { process: processor }),
      ...(Object.keys(expect).length > 0 && { expect }),
    },
  };
}
