import { createHash } from 'node:crypto';
import * as z from 'zod';
import { defineProcessor } from './contract/processor.ts';
import { type ColumnStatistics, statisticsOf } from './profile/statistics.ts';
import type { Compression } from './table/decompress.ts';
import { readOptions } from './table/options.ts';
import { readInput } from './table/read-input.ts';
import { Rejects } from './table/rejects.ts';
import type { TableForm } from './table/table.ts';

/** How many names and statistics the result lists. Long names are shortened, so that the result stays small. */
const MAX_LISTED = 200;
const MAX_NAME = 200;
/** How many bad rows the result lists. */
const MAX_REJECTS = 3;

/** The result of `profile` for an object. */
export type Profile = {
  format: TableForm['format'] | 'text' | 'binary' | 'empty';
  compression: Compression;
  /** The encoding of the text; null if the object is not text. */
  encoding: string | null;
  /** The separator of the fields of a table; null for other content. */
  delimiter: string | null;
  /** Whether the first row was read as column names. Null if the format has no header. */
  header: boolean | null;
  /** Lines before the table that were left out, such as titles and notes. */
  skippedLines: number;
  /** Bytes as they are stored, and after decompression. */
  bytes: number;
  uncompressedBytes: number;
  /** The hash of the bytes as they are stored. */
  sha256: string;
  /** Good rows of the table, or lines of the text. */
  rows: number;
  badRows: number;
  /** The first three bad rows. */
  badRowsSeen: { line: number | null; reason: string }[];
  /** The number of columns, or null if the object is not a table. */
  columns: number | null;
  /** The names of the first 200 columns; empty if the table has no header. */
  columnNames: string[];
  /** The statistics of the first 200 columns. */
  statistics: ColumnStatistics[];
};

/**
 * Reads an object and describes it: compression, format and encoding by its content, rows, bytes, SHA-256, and for
 * each column type, nulls, (approximate) distinct values, smallest and largest value. It reads a table exactly as
 * `parquet` does.
 *
 * For an unknown format, the result is `binary` or `text` and not an error, unless the name or content type of the
 * object promised a table. If a known format is broken, the item fails with that error.
 */
export const profile = defineProcessor({
  name: 'profile',
  options: z.strictObject(readOptions),
  async process(item, context): Promise<Profile> {
    const rejects = new Rejects(MAX_REJECTS);
    const hash = createHash('sha256');
    const read = await readInput(
      { ...item, processor: 'profile' },
      context,
      rejects,
      (table, database) => statisticsOf(database, table, MAX_LISTED),
      (chunk) => hash.update(chunk),
    );
    const { compression, bytes, uncompressedBytes } = read;
    const about = { compression, bytes, uncompressedBytes, sha256: hash.digest('hex') };
    if (read.table === undefined) {
      const { format, encoding, lines } = read.content;
      return { format, encoding, ...about, ...NO_COLUMNS, rows: lines };
    }
    const { format, encoding, delimiter, header, skippedLines, columns, rows } = read.table;
    const names = columns.slice(0, MAX_LISTED).map(({ name }) => name.slice(0, MAX_NAME));
    return {
      ...{ format, encoding, delimiter, header, skippedLines },
      ...about,
      rows,
      badRows: rejects.count,
      badRowsSeen: rejects.sample.map(({ line, reason }) => ({ line, reason })),
      columns: columns.length,
      columnNames: header === false ? [] : names,
      statistics: read.value,
    };
  },
});

const NO_COLUMNS = {
  ...{ delimiter: null, header: null, skippedLines: 0, badRows: 0, badRowsSeen: [] },
  ...{ columns: null, columnNames: [], statistics: [] },
};
