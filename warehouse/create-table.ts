import type { TableName } from '#run/input/load.ts';
import { name, tableName } from './sql.ts';

/** A column as the processor `parquet` reports it, with DuckDB's type. */
export interface Column {
  readonly name: string;
  readonly type: string;
}

/** Redshift's types for DuckDB's. A COPY of Parquet can read lists and structs only into SUPER. */
const TYPES: Readonly<Record<string, string>> = {
  BOOLEAN: 'BOOLEAN',
  TINYINT: 'SMALLINT',
  UTINYINT: 'SMALLINT',
  SMALLINT: 'SMALLINT',
  USMALLINT: 'INTEGER',
  INTEGER: 'INTEGER',
  UINTEGER: 'BIGINT',
  BIGINT: 'BIGINT',
  UBIGINT: 'DECIMAL(20,0)',
  HUGEINT: 'DECIMAL(38,0)',
  FLOAT: 'REAL',
  DOUBLE: 'DOUBLE PRECISION',
  VARCHAR: 'VARCHAR(65535)',
  UUID: 'VARCHAR(36)',
  JSON: 'VARCHAR(65535)',
  DATE: 'DATE',
  TIME: 'TIME',
  TIMESTAMP: 'TIMESTAMP',
  TIMESTAMP_S: 'TIMESTAMP',
  TIMESTAMP_MS: 'TIMESTAMP',
  TIMESTAMP_NS: 'TIMESTAMP',
  'TIMESTAMP WITH TIME ZONE': 'TIMESTAMPTZ',
  BLOB: 'VARBYTE(64000)',
};

/** Returns the CREATE TABLE that fits Parquet files with these columns. */
export function createTable(table: TableName, columns: readonly Column[]): string {
  const lines = columns.map((column) => `  ${name(column.name)} ${redshiftType(column.type)}`);
  return `CREATE TABLE ${tableName(table)} (\n${lines.join(',\n')}\n);`;
}

function redshiftType(type: string): string {
  const known = TYPES[type];
  if (known !== undefined) return known;
  if (/^DECIMAL\(\d+,\s?\d+\)$/.test(type)) return type;
  return /\[|^(STRUCT|MAP|UNION|LIST)/.test(type) ? 'SUPER' : 'VARCHAR(65535)';
}
