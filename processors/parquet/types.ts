import type { Database } from './duckdb.ts';
import { identifier, literal } from './sql.ts';

/** Rows that show which types a column may have at all, before all rows decide. */
const SAMPLE_ROWS = 10_000;
/** Aggregates of one statement: wide tables take several. */
const COLUMNS_A_STATEMENT = 200;

const INTEGER = literal('[+-]?(0|[1-9][0-9]*)');
const DECIMAL = literal('[+-]?((0|[1-9][0-9]*)(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]+)?');
const DAY = '[0-9]{4}-[0-9]{2}-[0-9]{2}';
const MOMENT = `${DAY}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,6})?)?`;
const ZONE = '(Z|[+-][0-9]{2}(:?[0-9]{2})?)';

/**
 * Types from narrow to wide, and when a text has one. Its form decides before a cast does: a cast that fails costs fifty
 * times one that doesn't, and takes more than is meant. `007` and integers beyond 64 bits stay texts: numbers would
 * lose digits of them.
 */
const TYPES: Readonly<Record<string, (text: string) => string>> = {
  BOOLEAN: (text) => `lower(${text}) IN ('true', 'false')`,
  BIGINT: (text) => formed(text, INTEGER, 'BIGINT'),
  DOUBLE: (text) =>
    `CASE WHEN regexp_full_match(${text}, ${INTEGER}) THEN try_cast(${text} AS BIGINT) IS NOT NULL ELSE ${formed(text, DECIMAL, 'DOUBLE')} END`,
  DATE: (text) => formed(text, literal(DAY), 'DATE'),
  TIMESTAMP: (text) => formed(text, literal(MOMENT), 'TIMESTAMP'),
  TIMESTAMPTZ: (text) => formed(text, literal(MOMENT + ZONE), 'TIMESTAMPTZ'),
};

function formed(text: string, form: string, type: string): string {
  return `CASE WHEN regexp_full_match(${text}, ${form}) THEN try_cast(${text} AS ${type}) IS NOT NULL ELSE false END`;
}

/**
 * The narrowest type that every value of a column of texts has: BOOLEAN, BIGINT, DOUBLE, DATE, TIMESTAMP, TIMESTAMPTZ or
 * VARCHAR. An inferred type costs no row, since all rows are looked at.
 *
 * @param source the table, as SQL behind FROM.
 */
export async function inferTypes(
  database: Database,
  source: string,
  columns: readonly string[],
): Promise<Map<string, string>> {
  const types = new Map<string, string>();
  for (let from = 0; from < columns.length; from += COLUMNS_A_STATEMENT) {
    const some = columns.slice(from, from + COLUMNS_A_STATEMENT);
    const all = some.flatMap((column) => Object.keys(TYPES).map((type) => ({ column, type })));
    const possible = await fitting(database, `(FROM ${source} LIMIT ${SAMPLE_ROWS})`, all);
    const fit = await fitting(database, source, possible);
    for (const column of some) {
      const fits = fit.filter((each) => each.column === column);
      // Only a column without any value has every type.
      types.set(column, fits.length === Object.keys(TYPES).length ? 'VARCHAR' : (fits[0]?.type ?? 'VARCHAR'));
    }
  }
  return types;
}

interface Candidate {
  readonly column: string;
  readonly type: string;
}

/** The candidates that no value speaks against. */
async function fitting(database: Database, source: string, candidates: readonly Candidate[]): Promise<Candidate[]> {
  if (candidates.length === 0) return [];
  const checks = candidates.map(({ column, type }, index) => {
    const text = identifier(column);
    return `bool_and(${TYPES[type]?.(text)}) FILTER (${text} IS NOT NULL) AS c${index}`;
  });
  const [found = {}] = await database.run(`SELECT ${checks.join(', ')} FROM ${source}`);
  return candidates.filter((_, index) => found[`c${index}`] !== false);
}
