import { type Load, type TableName, tableNameOf } from '#run/input/load.ts';
import type { RedshiftSettings } from '#run/settings/redshift.ts';
import { type Column, createTable } from './create-table.ts';
import { type DataApi, query } from './data-api.ts';
import { LoadFailedError } from './errors.ts';
import { ledgerTable } from './load-statements.ts';
import { name, tableName, text } from './sql.ts';

/** The columns of Parquet files, if the processor `parquet` has reported them. */
export interface ParquetColumns {
  readonly columns: readonly Column[];
  /** Whether there are more columns. */
  readonly isCut: boolean;
}

/** The rights that a load needs, by its mode. */
const PRIVILEGES: Readonly<Record<Load['mode'], readonly string[]>> = {
  append: ['INSERT'],
  replace: ['INSERT', 'DELETE'],
  // It compares the existing rows.
  merge: ['INSERT', 'DELETE', 'SELECT'],
};

/**
 * Checks the table before a load: whether it exists, has the columns, and may be written.
 *
 * @param parquet the columns of the files, if they are Parquet of the processor `parquet`; COPY matches them by
 * position.
 * @throws LoadFailedError naming all that is wrong, with the CREATE TABLE that would fit if there is no table.
 */
export async function checkTable(api: DataApi, load: Load, parquet: ParquetColumns | undefined): Promise<void> {
  const target = tableNameOf(load.table);
  const found = await columnsOf(api, target);
  if (found.length === 0) {
    const hint =
      parquet === undefined || parquet.columns.length === 0
        ? 'create it first'
        : `${parquet.isCut ? 'create it first; its first columns would be' : 'create it, for example by'}:\n${createTable(target, parquet.columns)}`;
    throw new LoadFailedError(
      `the warehouse has no table ${load.table}, or this user may not see it (USAGE of schema ${target.schema}): ${hint}`,
    );
  }
  const problems = columnProblems(load, found, parquet);
  if (problems.length === 0) problems.push(...(await privilegeProblems(api, load, target)));
  if (problems.length > 0) throw new LoadFailedError(`${load.table} can't be loaded: ${problems.join('; ')}`);
}

async function columnsOf(api: DataApi, { schema, table }: TableName): Promise<string[]> {
  const rows = await query(api, {
    name: 'sluice: the columns of a table',
    sqls: [
      'SELECT column_name FROM svv_columns WHERE table_schema = :schema AND table_name = :table ORDER BY ordinal_position',
    ],
    values: { schema, table },
  });
  return rows.map(({ column_name }) => String(column_name));
}

function columnProblems(
  { keys = [], columns }: Load,
  found: readonly string[],
  parquet: ParquetColumns | undefined,
): string[] {
  // Redshift ignores the case of names unless it is configured otherwise.
  const folded = new Set(found.flatMap((column) => [column, column.toLowerCase()]));
  const unknown = [...new Set([...(columns ?? []), ...keys])].filter(
    (column) => !folded.has(column) && !folded.has(column.toLowerCase()),
  );
  if (unknown.length > 0) {
    return [`it has no column ${unknown.join(', ')}; it has ${found.join(', ')}`];
  }
  const into = columns ?? found;
  if (parquet === undefined || parquet.isCut || parquet.columns.length === into.length) return [];
  const names = parquet.columns.map((column) => column.name);
  return [
    `COPY matches the columns of Parquet by position, but the files have ${names.length} columns (${names.join(', ')}) and the table ${columns === undefined ? 'has' : 'should receive'} ${into.length} (${into.join(', ')}): list the columns to load in "columns", in the order of the files`,
  ];
}

async function privilegeProblems(api: DataApi, load: Load, target: TableName): Promise<string[]> {
  const asked = PRIVILEGES[load.mode];
  const [row = {}] = await query(api, {
    name: 'sluice: the rights on a table',
    sqls: [
      `SELECT current_user AS who, ${asked.map((right) => `has_table_privilege(current_user, :table, ${text(right)}) AS ${right.toLowerCase()}`).join(', ')}`,
    ],
    values: { table: tableName(target) },
  });
  const missing = asked.filter((right) => row[right.toLowerCase()] === false);
  if (missing.length === 0) return [];
  const user = String(row.who);
  return [
    `the user ${user} may not ${missing.join(', ')} there: GRANT ${missing.join(', ')} ON ${tableName(target)} TO ${name(user)}`,
  ];
}

/**
 * Creates the ledger of a table, if it does not exist yet.
 *
 * @throws LoadFailedError, which says what to create by hand, if this user may not.
 */
export async function ensureLedger(api: DataApi, warehouse: RedshiftSettings, table: string): Promise<void> {
  const ledger = ledgerTable(warehouse, table);
  if ((await columnsOf(api, ledger)).length > 0) return;
  const create = `CREATE TABLE IF NOT EXISTS ${tableName(ledger)} (run_id VARCHAR(80) NOT NULL, part INTEGER NOT NULL, mode VARCHAR(10) NOT NULL, manifest VARCHAR(1200) NOT NULL, objects BIGINT NOT NULL, bytes BIGINT NOT NULL, loaded_at TIMESTAMP NOT NULL)`;
  try {
    await query(api, { name: 'sluice: create the ledger', sqls: [create] });
  } catch (cause) {
    throw new LoadFailedError(
      `Sluice records in ${tableName(ledger)} what it has loaded, but can't create this table: ${(cause as Error).message}. Create the schema, and permit this user to create tables in it: CREATE SCHEMA ${name(ledger.schema)}; GRANT USAGE, CREATE ON SCHEMA ${name(ledger.schema)} TO the user; or create the table yourself: ${create}`,
      { cause },
    );
  }
}
