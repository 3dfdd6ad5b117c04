import { join } from 'node:path';
import { writeGoodRows } from './clean-rows.ts';
import { columnNames } from './column-names.ts';
import { csvRows } from './csv-rows.ts';
import type { Dialect } from './dialect.ts';
import type { Database } from './duckdb.ts';
import { type Formats, inferTypes, type MomentFormat, type TypedText } from './infer-types.ts';
import type { ReadOptions } from './options.ts';
import { readText } from './read-text.ts';
import type { Rejects } from './rejects.ts';
import { padded, type Row } from './row.ts';
import { identifier } from './sql.ts';
import type { Column, Table } from './table.ts';

/** The types of more columns are not inferred; the statements would be too long. */
const MOST_TYPED = 2_000;

/**
 * Makes a table from delimited UTF-8 text. Rows with another width than the table, and unreadable rows, are counted in
 * `rejects`.
 *
 * @param folder where the good rows are written.
 */
export async function csvTable(
  database: Database,
  text: AsyncGenerator<Buffer>,
  dialect: Dialect,
  options: ReadOptions,
  folder: string,
  rejects: Rejects,
): Promise<Pick<Table, 'source' | 'columns' | 'rows' | 'formats'>> {
  const file = join(folder, 'rows.csv');
  const rows = await writeGoodRows(fittingRows(text, dialect, options.padShortRows), file, rejects);
  const names = columnNames(dialect.names);
  const source = readText(file, dialect.syntax, names, options.nullValues);
  const formats: Formats = {
    decimal: dialect.decimal,
    date: formatOf(options.dateFormat, dialect.dateFormat),
    timestamp: formatOf(options.timestampFormat, dialect.timestampFormat),
  };
  const open = names
    .map((name, index) => ({ name, guess: guessOf(dialect, index) }))
    .slice(0, MOST_TYPED)
    // All rows decide whether a date is unambiguous, even if the options say that the column is a date.
    .filter(({ name }) => /^(DATE|TIMESTAMP)?$/.test(options.types[name] ?? ''));
  const types = await inferTypes(database, source, open, formats);
  return {
    source,
    rows,
    formats,
    columns: names.map((name, index) => columnOf(name, types.get(name), dialect.isSpaced && index > 0)),
  };
}

function formatOf(given: string | undefined, sniffed: string | undefined): MomentFormat | undefined {
  const text = given ?? sniffed;
  return text === undefined ? undefined : { text, isGiven: given !== undefined };
}

/** DuckDB's sniffer reads a number with points between its thousands as text. */
function guessOf({ types, decimal }: Dialect, index: number): string {
  const guess = types[index] ?? 'VARCHAR';
  return guess === 'VARCHAR' && decimal === ',' ? 'any' : guess;
}

function columnOf(name: string, found: TypedText | undefined, isSpaced: boolean): Column {
  const raw = identifier(name);
  const type = found?.type ?? 'VARCHAR';
  const text = isSpaced ? `CASE WHEN starts_with(${raw}, ' ') THEN nullif(substr(${raw}, 2), '') ELSE ${raw} END` : raw;
  return { name, type, expression: type === 'VARCHAR' ? text : (found?.cast(raw) ?? raw), raw };
}

/** Returns the rows after the header, only good ones with the table's width. */
async function* fittingRows(text: AsyncGenerator<Buffer>, dialect: Dialect, pad: boolean): AsyncGenerator<Row[]> {
  const { syntax, width } = dialect;
  let header = dialect.header;
  for await (const found of csvRows(text, syntax, width)) {
    let rows = found;
    if (header) {
      const first = rows.findIndex(({ problem, fields }) => problem === undefined && fields === dialect.headerFields);
      header = first === -1;
      rows = rows.filter((_, index) => index !== first);
    }
    yield rows.map((row) => ofWidth(row, width, syntax.delimiter, pad));
  }
}

function ofWidth(row: Row, width: number, delimiter: string, pad: boolean): Row {
  if (row.problem !== undefined || row.fields === width) return row;
  if (pad && row.fields < width) return padded(row, width, delimiter);
  return { ...row, problem: `the row has ${row.fields} fields, the table has ${width} columns` };
}
