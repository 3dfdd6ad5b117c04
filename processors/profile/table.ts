import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type CsvError, parse } from 'csv-parse';
import { boundedRows } from './bounded-rows.ts';
import { Columns } from './columns.ts';
import type { Content } from './content.ts';
import { isHeader } from './header.ts';
import { MalformedInputError } from './malformed-input-error.ts';

/** A record is held as a whole; a quote that never closes would otherwise take the rest of the file. */
const MAX_RECORD_BYTES = 16 * 1_024 * 1_024;

/**
 * Counts the rows of delimited UTF-8 text as they stream by.
 *
 * @throws MalformedInputError naming the line, where quoting is broken or a record exceeds 16 MiB.
 */
export async function readTable(source: AsyncGenerator<Buffer>, delimiter: string): Promise<Content> {
  let rows = 0;
  let width = 0;
  let widest = 0;
  let irregular = 0;
  let first: readonly string[] = [];
  const rowsOnly = parse({
    delimiter,
    bom: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD_BYTES,
    // Counted here and dropped, so that no row has to pass through the stream's queue.
    on_record(row: string[]) {
      if (rows++ === 0) {
        first = row;
        width = row.length;
      } else if (row.length !== width) irregular++;
      widest = Math.max(widest, row.length);
      return null;
    },
  });
  rowsOnly.resume();
  try {
    await pipeline(Readable.from(boundedRows(source, delimiter), { objectMode: false }), rowsOnly);
  } catch (error) {
    const { code, message } = error as Partial<CsvError> & Error;
    if (code === undefined || !code.startsWith('CSV_')) throw error;
    throw new MalformedInputError(`the table is malformed: ${message} (${code})`, { cause: error });
  }
  const header = isHeader(first);
  const names = new Columns();
  if (header) for (const name of first) names.add(name.trim());
  return {
    records: rows - (header ? 1 : 0),
    columns: widest,
    columnNames: names.listed(),
    header,
    irregularRecords: irregular,
  };
}
