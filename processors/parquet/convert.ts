import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '../table/duckdb.ts';
import { ColumnError, ConversionError, NoTableError } from '../table/errors.ts';
import { columnOf } from '../table/given-types.ts';
import { identifier, literal } from '../table/sql.ts';
import type { Table } from '../table/table.ts';

/** Each column needs statements and buffers of its own. */
const MAX_COLUMNS = 2_000;
/** DuckDB reserves this much for the dictionary of each text column, used or not: 1,000 columns took 1 GiB. */
const DICTIONARY_BYTES = 1_048_576;
const LEAST_DICTIONARY_BYTES = 16_384;
/** The share of the memory that all dictionaries together may take. */
const DICTIONARIES_SHARE = 1 / 8;

export interface ConvertOptions {
  readonly partitionBy: readonly string[];
  readonly maxPartitions: number;
  readonly fileMiB?: number | undefined;
  readonly rowGroupRows: number;
  readonly memoryBytes: number;
}

/**
 * Writes a table as Parquet files into a folder: one file, or several by size or by partition.
 *
 * @throws NoTableError for more than 2,000 columns; ColumnError for a column that doesn't exist, or for too many
 * partitions; what {@link Database} throws.
 */
export async function convert(
  database: Database,
  table: Table,
  folder: string,
  options: ConvertOptions,
): Promise<void> {
  const { columns, source } = table;
  if (columns.length > MAX_COLUMNS) {
    throw new NoTableError(`the table has ${columns.length} columns, but only ${MAX_COLUMNS} can become Parquet`);
  }
  for (const name of options.partitionBy) columnOf(table, name);
  if (options.partitionBy.length > 0 && options.partitionBy.length >= columns.length) {
    throw new ColumnError('partitionBy names every column, so no column is left for the files');
  }
  const selected = columns.map(({ name, expression }) => `${expression} AS ${identifier(name)}`);
  const rows = `SELECT ${selected.join(', ')} FROM ${source}`;
  await checkPartitions(database, rows, options);
  await mkdir(folder);
  const [copied] = await database.run(`COPY (${rows}) TO ${target(folder, table, options)}`);
  const count = Number(copied?.Count);
  if (count !== table.rows) {
    throw new ConversionError(`${table.rows} rows were read and ${count} were written: this is a bug`);
  }
}

async function checkPartitions(
  database: Database,
  rows: string,
  { partitionBy, maxPartitions }: ConvertOptions,
): Promise<void> {
  if (partitionBy.length === 0) return;
  const columns = partitionBy.map(identifier).join(', ');
  const [found] = await database.run(
    `SELECT count(*) AS count FROM (SELECT DISTINCT ${columns} FROM (${rows}) LIMIT ${maxPartitions + 1})`,
  );
  if (Number(found?.count) > maxPartitions) {
    throw new ColumnError(
      `partitionBy ${partitionBy.join(', ')} makes more than ${maxPartitions} partitions; choose columns with fewer values, or raise maxPartitions`,
    );
  }
}

/** The folder and the options for COPY. */
function target(folder: string, { columns }: Table, options: ConvertOptions): string {
  const { partitionBy, fileMiB, rowGroupRows, memoryBytes } = options;
  const leaves = columns.reduce((sum, { type }) => sum + type.split(', ').length, 0);
  const dictionary = Math.floor((memoryBytes * DICTIONARIES_SHARE) / Math.max(leaves, 1));
  const settings = [
    'FORMAT parquet',
    'COMPRESSION zstd',
    `ROW_GROUP_SIZE ${rowGroupRows}`,
    `STRING_DICTIONARY_PAGE_SIZE_LIMIT ${Math.min(Math.max(dictionary, LEAST_DICTIONARY_BYTES), DICTIONARY_BYTES)}`,
  ];
  if (partitionBy.length > 0) settings.push(`PARTITION_BY (${partitionBy.map(identifier).join(', ')})`);
  if (fileMiB !== undefined) settings.push(`FILE_SIZE_BYTES ${fileMiB * 1_048_576}`);
  const isFolder = partitionBy.length > 0 || fileMiB !== undefined;
  const path = isFolder ? join(folder, 'data') : join(folder, 'data.parquet');
  return `${literal(path)} (${settings.join(', ')})`;
}
