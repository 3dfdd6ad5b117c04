import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Database } from './duckdb.ts';
import { ConversionError, MalformedInputError } from './errors.ts';
import { identifier, literal } from './sql.ts';
import type { Table } from './table.ts';

/** Reads a Parquet file without changes. @throws MalformedInputError if the file is broken. */
export async function parquetTable(
  database: Database,
  content: AsyncGenerator<Buffer>,
  folder: string,
): Promise<Table> {
  const file = join(folder, 'rows.parquet');
  await pipeline(content, createWriteStream(file));
  const source = `read_parquet(${literal(file)})`;
  try {
    const columns = await database.run(`DESCRIBE FROM ${source}`);
    const [counted] = await database.run(`SELECT count(*) AS count FROM ${source}`);
    return {
      format: 'parquet',
      encoding: null,
      delimiter: null,
      header: null,
      skippedLines: 0,
      source,
      columns: columns.map(({ column_name, column_type }) => {
        const raw = identifier(String(column_name));
        return { name: String(column_name), type: String(column_type), expression: raw, raw };
      }),
      rows: Number(counted?.count),
      formats: { decimal: '.' },
    };
  } catch (error) {
    if (!(error instanceof ConversionError)) throw error;
    throw new MalformedInputError(`the Parquet file is broken: ${error.message}`, { cause: error });
  }
}
