import type { Database } from '../table/duckdb.ts';
import type { Column, Table } from '../table/table.ts';

/** Longer texts are shortened, so that the result stays small. */
const MAX_VALUE = 100;
const MAX_TYPE = 500;

/** Statistics on the values of one column. */
export type ColumnStatistics = {
  name: string;
  type: string;
  nulls: number;
  /** The approximate number of different values; DuckDB counts with HyperLogLog. */
  distinct: number;
  /** As text; null if there is no value, or the values have no order. */
  min: string | null;
  max: string | null;
};

/** Computes statistics over all rows for a table's first columns, in one pass. */
export async function statisticsOf(
  database: Database,
  { columns, source, rows }: Table,
  most: number,
): Promise<ColumnStatistics[]> {
  const some = columns.slice(0, most);
  const [found = {}] =
    some.length === 0 || rows === 0
      ? []
      : await database.run(`SELECT ${some.map(aggregates).join(', ')} FROM (SELECT ${some.map(typed)} FROM ${source})`);
  return some.map(({ name, type }, index) => ({
    name: name.slice(0, MAX_VALUE),
    type: type.slice(0, MAX_TYPE),
    nulls: rows - Number(found[`n${index}`] ?? 0),
    distinct: Math.min(Number(found[`d${index}`] ?? 0), rows),
    min: textOrNull(found[`l${index}`]),
    max: textOrNull(found[`g${index}`]),
  }));
}

function typed({ expression }: Column, index: number): string {
  return `${expression} AS c${index}`;
}

function aggregates({ type }: Column, index: number): string {
  const c = `c${index}`;
  const end = (aggregate: string): string =>
    /[()[\]]|JSON|BLOB/.test(type) && !type.startsWith('DECIMAL')
      ? 'NULL'
      : `left(CAST(${aggregate}(${c}) AS VARCHAR), ${MAX_VALUE})`;
  return [
    `count(${c}) AS n${index}`,
    `approx_count_distinct(${c}) AS d${index}`,
    `${end('min')} AS l${index}`,
    `${end('max')} AS g${index}`,
  ].join(', ');
}

function textOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}
