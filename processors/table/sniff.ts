import type { RowSyntax } from './csv-rows.ts';
import type { Database } from './duckdb.ts';
import type { ReadOptions } from './options.ts';
import { literal } from './sql.ts';

export interface Sniffed {
  readonly delimiter: string;
  readonly quote: string;
  readonly escape: string;
  readonly comment: string;
  readonly header: boolean;
  readonly types: readonly string[];
  readonly dateFormat: string | undefined;
  readonly timestampFormat: string | undefined;
}

/** What is known of a table before it is sniffed. */
type Given = { readonly [Field in keyof RowSyntax]?: RowSyntax[Field] | undefined } & Partial<
  Pick<ReadOptions, 'header' | 'decimal' | 'dateFormat' | 'timestampFormat' | 'nullValues'>
>;

/** Runs DuckDB's sniffer; returns undefined if it finds no table. */
export async function sniff(database: Database, file: string, known: Given): Promise<Sniffed | undefined> {
  const wanted: Record<string, string | number | boolean | undefined> = {
    delim: known.delimiter,
    quote: known.quote,
    escape: known.escape,
    comment: known.comment === '' ? undefined : known.comment,
    skip: known.skipLines,
    header: known.header,
    decimal_separator: known.decimal,
    dateformat: known.dateFormat,
    timestampformat: known.timestampFormat,
  };
  const nulls =
    known.nullValues === undefined ? '' : `, nullstr = [${['', ...known.nullValues].map(literal).join(', ')}]`;
  const options = Object.entries(wanted)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `, ${name} = ${typeof value === 'string' ? literal(value) : value}`);
  let row: Record<string, unknown> | undefined;
  try {
    [row] = await database.run(`FROM sniff_csv(${literal(file)}, max_line_size = 2000001${nulls}${options.join('')})`);
  } catch (error) {
    // These are the sniffer's errors if it finds no table, or needs too much memory. Then only the width of the rows
    // decides.
    if ((error as Error).name !== 'ConversionError' && (error as Error).name !== 'ConversionMemoryError') throw error;
  }
  if (row === undefined) return undefined;
  const columns = (row.Columns ?? []) as { type: string }[];
  return {
    delimiter: text(row.Delimiter),
    quote: text(row.Quote),
    escape: text(row.Escape),
    comment: text(row.Comment),
    header: row.HasHeader === true,
    types: columns.map(({ type }) => type),
    dateFormat: text(row.DateFormat) || undefined,
    timestampFormat: text(row.TimestampFormat) || undefined,
  };
}

function text(value: unknown): string {
  return typeof value !== 'string' || value === '(empty)' ? '' : value;
}
