import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CleanInput } from './clean-input.ts';
import { MAX_ROW_BYTES } from './csv-rows.ts';
import type { Database } from './duckdb.ts';
import { ColumnError, ConversionError } from './errors.ts';
import { MAX_OBJECT_BYTES } from './json-rows.ts';
import type { Rejects } from './rejects.ts';
import { identifier, literal } from './sql.ts';
import { inferTypes } from './types.ts';

/** Deeper parts of JSON become texts of JSON. */
const MAX_TYPE_DEPTH = 32;

export interface ConvertOptions {
  /** Types that columns are given, by name. */
  readonly types: Readonly<Record<string, string>>;
  readonly partitionBy: readonly string[];
  readonly maxPartitions: number;
  readonly fileMiB?: number | undefined;
  readonly rowGroupRows: number;
}

export interface Converted {
  readonly rows: number;
  readonly schema: readonly { readonly name: string; readonly type: string }[];
}

/**
 * Writes the rows of a cleaned input as Parquet files into a folder: one file, or several by size or by partition.
 *
 * A row with a value that the type given for its column doesn't take is left out, and counted in `rejects`.
 *
 * @throws ColumnError for a column that isn't there, or too many partitions; what {@link Database} throws.
 */
export async function convert(
  database: Database,
  input: CleanInput,
  file: string,
  folder: string,
  options: ConvertOptions,
  rejects: Rejects,
): Promise<Converted> {
  const source = sourceOf(input, file);
  const found =
    input.columns.length > 0
      ? new Map(input.columns.map((name) => [name, 'VARCHAR']))
      : await described(database, `FROM ${source}`);
  checkColumns(found, options);
  const given = new Map(Object.entries(options.types));
  const inferred =
    input.columns.length > 0
      ? await inferTypes(
          database,
          source,
          input.columns.filter((name) => !given.has(name)),
        )
      : new Map<string, string>();
  const misfit = misfitting([...given.keys()], given);
  const misfits = misfit === undefined ? 0 : await rejectMisfits(database, source, misfit, given, rejects);

  const casts = [...inferred, ...given].filter(([name, type]) => type !== found.get(name));
  const replace = casts.map(([name, type]) => `CAST(${identifier(name)} AS ${type}) AS ${identifier(name)}`);
  const star = replace.length === 0 ? '*' : `* REPLACE (${replace.join(', ')})`;
  const rows = `SELECT ${star} FROM ${source}${misfit === undefined ? '' : ` WHERE NOT (${misfit})`}`;

  await checkPartitions(database, rows, options);
  await mkdir(folder);
  const [copied] = await database.run(`COPY (${rows}) TO ${target(folder, options)}`);
  const count = Number(copied?.Count);
  if (input.rows !== undefined && count !== input.rows - misfits) {
    throw new ConversionError(`${input.rows - misfits} rows went in and ${count} came out: this is a bug`);
  }
  return { rows: count, schema: schemaOf(found, inferred, given) };
}

function sourceOf({ format, columns, delimiter }: CleanInput, file: string): string {
  if (format === 'csv' || format === 'tsv') {
    const texts = columns.map((name) => `${literal(name)}: 'VARCHAR'`).join(', ');
    return `read_csv(${literal(file)}, auto_detect = false, columns = {${texts}}, delim = ${literal(delimiter ?? ',')}, quote = '"', escape = '"', new_line = '\\n', header = false, max_line_size = ${MAX_ROW_BYTES + 1})`;
  }
  const kind = format === 'jsonl' ? 'newline_delimited' : 'auto';
  // All rows are looked at for types, and a text of digits stays one.
  return `read_json(${literal(file)}, format = ${literal(kind)}, sample_size = -1, convert_strings_to_integers = false, maximum_depth = ${MAX_TYPE_DEPTH}, maximum_object_size = ${MAX_OBJECT_BYTES + 1})`;
}

async function described(database: Database, query: string): Promise<Map<string, string>> {
  const rows = await database.run(`DESCRIBE ${query}`);
  return new Map(rows.map(({ column_name, column_type }) => [String(column_name), String(column_type)]));
}

function checkColumns(found: ReadonlyMap<string, string>, { types, partitionBy }: ConvertOptions): void {
  for (const name of [...Object.keys(types), ...partitionBy]) {
    if (found.has(name)) continue;
    const there = [...found.keys()].slice(0, 20).map((column) => column.slice(0, 50));
    throw new ColumnError(`there is no column ${JSON.stringify(name)}; the first ones are ${there.join(', ')}`);
  }
  if (partitionBy.length > 0 && partitionBy.length >= found.size) {
    throw new ColumnError('partitionBy names every column, and leaves none for the files');
  }
}

/** A condition for rows of which a value doesn't have the type that its column was given. */
function misfitting(columns: readonly string[], types: ReadonlyMap<string, string>): string | undefined {
  if (columns.length === 0) return undefined;
  return columns
    .map((name) => `(${identifier(name)} IS NOT NULL AND try_cast(${identifier(name)} AS ${types.get(name)}) IS NULL)`)
    .join(' OR ');
}

/** Counts the rows whose values don't fit, and keeps the first ones. */
async function rejectMisfits(
  database: Database,
  source: string,
  misfit: string,
  types: ReadonlyMap<string, string>,
  rejects: Rejects,
): Promise<number> {
  const [counted] = await database.run(`SELECT count(*) AS count FROM ${source} WHERE ${misfit}`);
  const count = Number(counted?.count);
  if (count === 0) return 0;
  const reasons = [...types].map(([name, type]) => {
    const words = literal(`a value of column ${JSON.stringify(name)} is no ${type}`);
    return `WHEN ${misfitting([name], types)} THEN ${words}`;
  });
  const first = await database.run(
    `SELECT CASE ${reasons.join(' ')} END AS reason, to_json(t)::VARCHAR AS text FROM ${source} AS t WHERE ${misfit} LIMIT ${Math.max(rejects.room, 0)}`,
  );
  rejects.addAll(
    count,
    first.map(({ reason, text }) => ({ reason: String(reason), text: String(text) })),
  );
  return count;
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

/** Where COPY writes, and how. */
function target(folder: string, { partitionBy, fileMiB, rowGroupRows }: ConvertOptions): string {
  const options = ['FORMAT parquet', 'COMPRESSION zstd', `ROW_GROUP_SIZE ${rowGroupRows}`];
  if (partitionBy.length > 0) options.push(`PARTITION_BY (${partitionBy.map(identifier).join(', ')})`);
  if (fileMiB !== undefined) options.push(`FILE_SIZE_BYTES ${fileMiB * 1_048_576}`);
  const isFolder = partitionBy.length > 0 || fileMiB !== undefined;
  const path = isFolder ? join(folder, 'data') : join(folder, 'data.parquet');
  return `${literal(path)} (${options.join(', ')})`;
}

function schemaOf(...maps: readonly ReadonlyMap<string, string>[]): { name: string; type: string }[] {
  const types = new Map<string, string>();
  for (const map of maps) for (const [name, type] of map) types.set(name, type);
  return [...types].map(([name, type]) => ({ name, type }));
}
