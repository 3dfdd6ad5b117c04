import type { Database } from './duckdb.ts';
import { ColumnError } from './errors.ts';
import { digits, type Formats, fractionOfSecond, isInRange, isWrittenAs, numberText } from './infer-types.ts';
import type { Rejects } from './rejects.ts';
import { identifier, literal } from './sql.ts';
import type { Column, Table } from './table.ts';

/**
 * Gives columns the types that the options name. A row with a value that does not fit, or that the type would round, is
 * left out and counted in `rejects`: DuckDB's own cast makes 2 of `1.7` and 31 of `0x1F`.
 *
 * @throws ColumnError for a column that does not exist.
 */
export async function giveTypes(
  database: Database,
  table: Table,
  types: Readonly<Record<string, string>>,
  rejects: Rejects,
): Promise<Table> {
  const given = Object.entries(types).map(([name, type]) => ({ column: columnOf(table, name), type: exactIn(type) }));
  if (given.length === 0 || table.rows === 0) return table;
  const misfits = given.map(
    ({ column, type }) => `(${column.raw} IS NOT NULL AND NOT ${fits(column, type, table.formats)})`,
  );
  const bad = await rejectMisfits(database, table, given, misfits, rejects);
  const byName = new Map(given.map(({ column, type }) => [column.name, type]));
  return {
    ...table,
    columns: table.columns.map((column) => {
      const type = byName.get(column.name);
      return type === undefined ? column : { ...column, type, expression: castOf(column, type, table.formats) };
    }),
    source: bad === 0 ? table.source : `(FROM ${table.source} WHERE NOT (${misfits.join(' OR ')}))`,
    rows: table.rows - bad,
  };
}

/** Parquet has no HUGEINT: DuckDB 1.5.6 writes a DOUBLE instead, 18446744073709552000 for ...551615. */
function exactIn(type: string): string {
  return type === 'HUGEINT' ? 'DECIMAL(38,0)' : type;
}

/** @throws ColumnError */
export function columnOf({ columns }: Pick<Table, 'columns'>, name: string): Column {
  const column = columns.find((one) => one.name === name);
  if (column !== undefined) return column;
  const there = columns.slice(0, 20).map((one) => one.name.slice(0, 50));
  throw new ColumnError(`there is no column ${JSON.stringify(name)}; the first ones are ${there.join(', ')}`);
}

function castOf({ raw, type: found, expression }: Column, type: string, formats: Formats): string {
  const format = formatFor(type, formats);
  if (format !== undefined) return `try_cast(try_strptime(trim(${raw}), ${literal(format)}) AS ${type})`;
  // The type was inferred from all rows, so it loses nothing.
  if (found === type) return expression;
  const isNumber = /^(SMALLINT|INTEGER|BIGINT|HUGEINT|REAL|DOUBLE|DECIMAL)/.test(type);
  return `try_cast(${isNumber ? numberText(raw, formats.decimal) : raw} AS ${type})`;
}

function fits(column: Column, type: string, formats: Formats): string {
  const cast = castOf(column, type, formats);
  const format = formatFor(type, formats);
  const loses =
    format === undefined
      ? exactness(type, `trim(CAST(${column.raw} AS VARCHAR))`, cast)
      : isWrittenAs(`trim(${column.raw})`, type === 'DATE' ? type : 'TIMESTAMP', format);
  if (loses === undefined || (format === undefined && column.type === type)) return `${cast} IS NOT NULL`;
  return `coalesce(${cast} IS NOT NULL AND ${loses}, false)`;
}

function formatFor(type: string, { date, timestamp }: Formats): string | undefined {
  const format = type === 'DATE' ? date : type === 'TIMESTAMP' ? timestamp : undefined;
  return format?.isGiven === true ? format.text : undefined;
}

/** Returns a condition for a value that its type can store without rounding; undefined if the cast alone is enough. */
function exactness(type: string, text: string, cast: string): string | undefined {
  if (/INT|^DECIMAL/.test(type)) return `${digits(commaAsPoint(text))} = ${digits(`CAST(${cast} AS VARCHAR)`)}`;
  if (type === 'REAL' || type === 'DOUBLE') {
    // A fraction is stored as the nearest number. An integer may be an id, so it must be stored exactly.
    const isFraction = `((contains(${text}, '.') OR contains(${text}, ',') OR contains(lower(${text}), 'e')) AND NOT contains(${text}, '_'))`;
    return `(${isFraction} OR NOT isfinite(${cast}) OR ${digits(text)} = ${digits(`CAST(${cast} AS VARCHAR)`)}) AND ${isInRange(text, commaAsPoint(text), type)}`;
  }
  // DuckDB accepts a timestamp as a date or a time of day, reads `24-01-31` as the year 24, and drops digits of a
  // fraction after the sixth. In Parquet, `infinity` is the year 5881580 or 294247.
  if (type === 'DATE') return `regexp_full_match(${text}, '[0-9]{4,}.[0-9]{1,2}.[0-9]{1,2}')`;
  if (type === 'TIME') return `regexp_full_match(${text}, '[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6}0*)?)?')`;
  const isMicros = `strlen(rtrim(${fractionOfSecond(text)}, '0')) <= 6`;
  if (type === 'TIMESTAMPTZ') return `${isMicros} AND isfinite(${cast})`;
  if (type !== 'TIMESTAMP') return undefined;
  const offset = `regexp_extract(${text}, '[0-9]([+-][0-9]{2}(:?[0-9]{2})?)$', 1)`;
  return `(strlen(${text}) <= 10 OR ${offset} IN ('', '+00', '+0000', '+00:00')) AND ${isMicros} AND isfinite(${cast})`;
}

function commaAsPoint(text: string): string {
  return `replace(${text}, ',', '.')`;
}

/** Counts the rows whose values don't fit, and stores the first ones. */
async function rejectMisfits(
  database: Database,
  { source, columns }: Table,
  given: readonly { readonly column: Column; readonly type: string }[],
  misfits: readonly string[],
  rejects: Rejects,
): Promise<number> {
  const [counted] = await database.run(`SELECT count(*) AS count FROM ${source} WHERE ${misfits.join(' OR ')}`);
  const count = Number(counted?.count);
  if (count === 0) return 0;
  const reasons = given.map(({ column, type }, index) => {
    const words = literal(`a value of column ${JSON.stringify(column.name)} is not of type ${type}`);
    return `WHEN ${misfits[index]} THEN ${words}`;
  });
  const row = columns.map(({ name }) => `${literal(name)}, ${identifier(name)}`).join(', ');
  const first = await database.run(
    `SELECT CASE ${reasons.join(' ')} END AS reason, json_object(${row})::VARCHAR AS text FROM ${source} WHERE ${misfits.join(' OR ')} LIMIT ${Math.max(rejects.room, 0)}`,
  );
  rejects.addAll(
    count,
    first.map(({ reason, text }) => ({ reason: String(reason), text: String(text) })),
  );
  return count;
}
