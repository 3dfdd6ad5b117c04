import { createHash } from 'node:crypto';
import * as z from 'zod';
import { defineProcessor } from './contract/processor.ts';
import { type ColumnStatistics, statisticsOf } from './profile/statistics.ts';
import type { Compression } from './table/decompress.ts';
import { readOptions } from './table/options.ts';
import { readInput } from './table/read-input.ts';
import { Rejects } from './table/rejects.ts';
import type { TableForm } from './table/table.ts';

/** Names and statistics that the result lists, each name cut, so that it stays small. */
const MAX_LISTED = 200;
const MAX_NAME = 200;
/** Bad rows that the result lists. */
const MAX_REJECTS = 3;

/** What `profile` finds out about an object. */
export type Profile = {
  format: TableForm['format'] | 'text' | 'binary' | 'empty';
  compression: Compression;
  /** How the text is encoded; null where it is none. */
  encoding: string | null;
  /** What separates the fields of a table, null elsewhere. */
  delimiter: string | null;
  /** Whether the first row was taken for column names. Null where the format has no header. */
  header: boolean | null;
  /** Lines before the table that were left out, as titles and notes are. */
  skippedLines: number;
  /** Bytes as they are stored, and after decompression. */
  bytes: number;
  uncompressedBytes: number;
  /** Of the bytes as they are stored. */
  sha256: string;
  /** Rows of the table that are good; lines of text. */
  records: number;
  badRows: number;
  /** The first three bad rows. */
  badRowsSeen: { line: number | null; reason: string }[];
  /** Columns of the table, null where there is none. */
  columns: number | null;
  /** The first 200; empty where a table has no header. */
  columnNames: string[];
  /** Of the first 200 columns. */
  statistics: ColumnStatistics[];
};

/**
 * Reads an object and says what it is: compression, format and encoding by its content, records, bytes, SHA-256, and of each column type,
 * nulls, distinct values (approximately), least and greatest value. A table is read just as `parquet` reads it.
 *
 * A format it doesn't know is the result `binary` or `text` and no error, unless the name or content type of the object promised a table; a format
 * that it knows and that is broken fails the item by name.
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
      return { format, encoding, ...about, ...NO_COLUMNS, records: lines };
    }
    const { format, encoding, delimiter, header, skippedLines, columns, rows } = read.table;
    const names = columns.slice(0, MAX_LISTED).map(({ name }) => name.slice(0, MAX_NAME));
    return {
      ...{ format, encoding, delimiter, header, skippedLines },
      ...about,
      records: rows,
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
