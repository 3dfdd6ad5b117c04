import type { Database } from './duckdb.ts';
import { identifier, literal } from './sql.ts';

/** Rows that show which types a text column may have, before all rows decide. */
const SAMPLE_ROWS = 2_000;
/** Columns that one statement checks, each with its own check. */
const MOST_CHECKED_ALONE = 100;
/** A DOUBLE stores this many digits exactly. */
const SAFE_DIGITS = 15;
const MAX_DECIMAL_DIGITS = 38;

/** A text column, and the type that it may have. */
export interface TextColumn {
  readonly name: string;
  /** DuckDB's guess from the first rows; `any` if there is none. */
  readonly guess: string;
}

/** The syntax of values. */
export interface Formats {
  readonly decimal: '.' | ',';
  readonly date?: MomentFormat | undefined;
  readonly timestamp?: MomentFormat | undefined;
}

export interface MomentFormat {
  /** The format in the syntax of strptime. */
  readonly text: string;
  /** Whether the format comes from the options and is not a guess. */
  readonly isGiven: boolean;
}

/** A type, and the SQL that makes it from the text `value`. */
export interface TypedText {
  readonly type: string;
  readonly cast: (text: string) => string;
}

const TEXT: TypedText = { type: 'VARCHAR', cast: (text) => text };

type Kind = 'boolean' | 'number' | 'moment';

/**
 * Returns the narrowest type that fits every value of a column and loses nothing: BOOLEAN, BIGINT, DOUBLE, DECIMAL,
 * DATE, TIMESTAMP, TIMESTAMPTZ or VARCHAR. It reads all rows, so an inferred type rejects no row.
 *
 * DuckDB's sniffer reads only the first rows, and its types lose data: integers of more than 64 bits and long decimals
 * become DOUBLE. So a value fits a type only if the type, written as text, gives the same value. `007` and `+49…` stay
 * texts.
 *
 * There is one statement for each kind of type, whatever the number of columns: 300 columns with an expression each
 * took 47 s.
 *
 * @param source the table, as SQL for FROM.
 */
export async function inferTypes(
  database: Database,
  source: string,
  columns: readonly TextColumn[],
  formats: Formats,
  kinds: readonly Kind[] = ['boolean', 'number', 'moment'],
): Promise<Map<string, TypedText>> {
  const types = new Map<string, TypedText>(columns.map(({ name }) => [name, TEXT]));
  const likely = new Map<string, Check>();
  const open = new Map<Kind, string[]>();
  for (const kind of kinds) {
    const names = columns.filter(({ guess }) => mayBe(guess, kind)).map(({ name }) => name);
    const sampled = await passing(database, `(FROM ${source} LIMIT ${SAMPLE_ROWS})`, names, CHECKS[kind](formats));
    for (const name of names) {
      const found = sampled.get(name);
      if (found === undefined) open.set(kind, [...(open.get(kind) ?? []), name]);
      else if (found.type !== TEXT) likely.set(name, found);
    }
  }
  // One pass over all rows for all columns and all likely types: reading the text takes most of the time.
  const confirmed = await confirmedBy(database, source, likely);
  for (const [name, check] of likely) {
    if (confirmed.has(name)) types.set(name, check.type);
    else open.set(check.kind, [...(open.get(check.kind) ?? []), name]);
  }
  for (const [kind, names] of open) {
    for (const [name, found] of await passing(database, source, names, CHECKS[kind](formats))) {
      if (found.type !== TEXT) types.set(name, found.type);
    }
  }
  const long = [...types].filter(([, { type }]) => type === 'LONG DOUBLE').map(([name]) => name);
  for (const [name, found] of await exactNumbers(database, source, long, formats)) types.set(name, found);
  return types;
}

function mayBe(guess: string, kind: Kind): boolean {
  if (guess === 'any') return true;
  if (guess === 'BOOLEAN') return kind === 'boolean';
  if (/^(DATE|TIMESTAMP)/.test(guess)) return kind === 'moment';
  return /^(.*INT|DOUBLE|FLOAT|DECIMAL.*)$/.test(guess) && kind === 'number';
}

interface Check {
  readonly kind: Kind;
  readonly type: TypedText;
  /** A condition on a text without blanks around it. */
  readonly holds: (t: string) => string;
}

const IS_TEXT: Check = { kind: 'boolean', type: TEXT, holds: () => 'true' };

/** From narrow to wide. */
const CHECKS: Readonly<Record<Kind, (formats: Formats) => readonly Check[]>> = {
  boolean: () => [{ kind: 'boolean', type: plain('BOOLEAN'), holds: (t) => `lower(${t}) IN ('true', 'false')` }],
  number: ({ decimal }) => {
    const number = (type: string): TypedText => ({ type, cast: (c) => `CAST(${numberText(c, decimal)} AS ${type})` });
    const isDouble = (t: string): string => `NOT ${isName(t)} AND ${isInRange(t, numberText(t, decimal))}`;
    return [
      { kind: 'number', type: plain('BIGINT'), holds: (t) => `CAST(try_cast(${t} AS BIGINT) AS VARCHAR) = ${t}` },
      { kind: 'number', type: number('DOUBLE'), holds: (t) => `${isDouble(t)} AND strlen(${t}) <= ${SAFE_DIGITS}` },
      { kind: 'number', type: number('LONG DOUBLE'), holds: isDouble },
    ];
  },
  moment: ({ date, timestamp }) => {
    const hasZone = (t: string): string =>
      `(ends_with(${t}, 'Z') OR ends_with(${t}, ' UTC') OR contains(substr(${t}, 12), '+') OR contains(substr(${t}, 12), '-'))`;
    const isMicros = (t: string): string => `strlen(rtrim(${fractionOfSecond(t)}, '0')) <= 6`;
    const isTime = (t: string, type: string): string =>
      `strlen(${t}) BETWEEN 16 AND 32 AND try_cast(${t} AS ${type}) IS NOT NULL`;
    // Text in the form that DuckDB writes needs no further check. DuckDB skips the rest of a CASE, but not the rest of
    // an OR.
    const isWritten = (t: string): string => `CAST(try_cast(${t} AS TIMESTAMP) AS VARCHAR) = ${t}`;
    const isIso = (t: string): string =>
      `left(CAST(try_cast(${t} AS TIMESTAMP) AS VARCHAR), 16) = replace(left(${t}, 16), 'T', ' ')`;
    return [
      {
        kind: 'moment',
        type: plain('DATE'),
        holds: (t) => `strlen(${t}) = 10 AND CAST(try_cast(${t} AS DATE) AS VARCHAR) = ${t}`,
      },
      {
        kind: 'moment',
        type: plain('TIMESTAMP'),
        holds: (t) =>
          `CASE WHEN strlen(${t}) < 16 THEN false WHEN ${isWritten(t)} THEN true ELSE ${isTime(t, 'TIMESTAMP')} AND strlen(${t}) <= 26 AND NOT ${hasZone(t)} AND ${isIso(t)} END`,
      },
      {
        kind: 'moment',
        type: plain('TIMESTAMPTZ'),
        holds: (t) => `${isTime(t, 'TIMESTAMPTZ')} AND ${hasZone(t)} AND ${isMicros(t)}`,
      },
      ...written('DATE', date),
      ...written('TIMESTAMP', timestamp),
    ];
  },
};

/**
 * A leading zero or a plus marks a name for something: a postcode, a telephone number. This compares texts, because the
 * colon is after the digits, and because DuckDB takes five times as long to cut texts.
 */
function isName(t: string): string {
  return `(starts_with(${t}, '+') OR contains(${t}, '_') OR (${t} >= '00' AND ${t} < '0:') OR (${t} >= '-00' AND ${t} < '-0:'))`;
}

/** The digits after the point of a timestamp's text. DuckDB keeps six of them. */
export function fractionOfSecond(t: string): string {
  return `split_part(split_part(split_part(split_part(rtrim(${t}, 'Z'), '.', 2), ' ', 1), '+', 1), '-', 1)`;
}

function plain(type: string): TypedText {
  return { type, cast: (text) => `CAST(${text} AS ${type})` };
}

/**
 * Turns a number with a decimal comma into one with a point. A point separates thousands if a comma follows it, as in
 * `1.234,56`; `1.234` could be either, and is not a number.
 */
export function numberText(text: string, decimal: '.' | ','): string {
  if (decimal === '.') return text;
  const thousands = `regexp_full_match(${text}, '[+-]?[0-9]{1,3}([.][0-9]{3})+,[0-9]+')`;
  return `replace(CASE WHEN NOT contains(${text}, '.') THEN ${text} WHEN ${thousands} THEN replace(${text}, '.', '') END, ',', '.')`;
}

/**
 * Returns whether a DOUBLE can store a number: `1e400` would become infinity, and `1e-400` zero. Only a text that says
 * infinity is infinite.
 */
export function isInRange(text: string, number: string, type = 'DOUBLE'): string {
  const double = `try_cast(${number} AS ${type})`;
  return `CASE WHEN ${double} = 0 THEN ${digits(number)} = '' WHEN isfinite(${double}) THEN true ELSE ${double} IS NOT NULL AND ltrim(lower(${text}), '+-') IN ('nan', 'inf', 'infinity') END`;
}

/**
 * Dates in another form than ISO 8601. If day and month could be exchanged in every value, the column stays text. A
 * year of two digits stays text too: DuckDB's sniffer reads `13.01.24` as 2013-01-24, and the century would be a guess
 * too.
 */
function written(type: 'DATE' | 'TIMESTAMP', format: MomentFormat | undefined): Check[] {
  if (format === undefined) return [];
  const { text, isGiven } = format;
  if (text.startsWith('%Y-%m-%d') || (!isGiven && text.includes('%y'))) return [];
  const cast = (value: string): string => `CAST(strptime(trim(${value}), ${literal(text)}) AS ${type})`;
  const check: Check = { kind: 'moment', type: { type, cast }, holds: (t) => isWrittenAs(t, type, text) };
  const other = text.replaceAll(/%[dm]/g, (each) => (each === '%d' ? '%m' : '%d'));
  const isEither = (t: string): string => `${isWrittenAs(t, type, text)} AND ${isWrittenAs(t, type, other)}`;
  return isGiven ? [check] : [{ kind: 'moment', type: TEXT, holds: isEither }, check];
}

/** Returns whether a text is a date or a timestamp in a format. A date must have no time that would be lost. */
export function isWrittenAs(text: string, type: 'DATE' | 'TIMESTAMP', format: string): string {
  const moment = `try_strptime(${text}, ${literal(format)})`;
  return type === 'DATE' ? `coalesce(${moment} = date_trunc('day', ${moment}), false)` : `${moment} IS NOT NULL`;
}

/**
 * Returns the columns for which all rows confirm the type of the first rows, with one check for each column. {@link
 * passing} tries all types.
 */
async function confirmedBy(
  database: Database,
  source: string,
  likely: ReadonlyMap<string, Check>,
): Promise<Set<string>> {
  // The statement for a wide table would grow with its columns. So for wide tables, {@link passing} makes one statement
  // for each kind of check.
  if (likely.size === 0 || likely.size > MOST_CHECKED_ALONE) return new Set();
  const names = [...likely.keys()];
  const aggregates = [...likely.values()].map(
    ({ holds }, index) => `bool_and(t${index} IS NULL OR coalesce(${holds(`t${index}`)}, false)) AS h${index}`,
  );
  const texts = names.map((name, index) => `${trimmed(identifier(name))} AS t${index}`);
  const [row = {}] = await database.run(
    `SELECT ${aggregates.join(', ')} FROM (SELECT ${texts.join(', ')} FROM ${source})`,
  );
  return new Set(names.filter((_, index) => row[`h${index}`] === true));
}

/** Always calling `trim` takes five times as long, because it searches the characters of the text. */
function trimmed(text: string): string {
  return `CASE WHEN starts_with(${text}, ' ') OR ends_with(${text}, ' ') THEN trim(${text}) ELSE ${text} END`;
}

/**
 * Returns the first check that all values of a column pass, or the one for text. Columns without a value are left out.
 */
async function passing(
  database: Database,
  source: string,
  names: readonly string[],
  checks: readonly Check[],
): Promise<Map<string, Check>> {
  if (names.length === 0) return new Map();
  const aggregates = checks.map(({ holds }, index) => `bool_and(coalesce(${holds('t')}, false)) AS h${index}`);
  const found = new Map<string, Check>();
  for (const [name, row] of await byColumn(database, source, names, aggregates)) {
    found.set(name, checks.find((_, index) => row[`h${index}`] === true) ?? IS_TEXT);
  }
  return found;
}

/** Returns whether numbers with many digits are exact as DOUBLE. If not, they become DECIMAL if they fit, or text. */
export async function exactNumbers(
  database: Database,
  source: string,
  names: readonly string[],
  { decimal }: Pick<Formats, 'decimal'>,
): Promise<Map<string, TypedText>> {
  const number = numberText('t', decimal);
  const rows = await byColumn(database, source, names, [
    `bool_and(${digits(number)} = ${digits(`CAST(try_cast(${number} AS DOUBLE) AS VARCHAR)`)} OR contains(lower(t), 'e') AND ${isInRange('t', number)}) AS exact`,
    `bool_or(try_cast(${number} AS DECIMAL(38, 0)) IS NULL OR contains(lower(t), 'e')) AS floating`,
    `max(strlen(split_part(ltrim(${number}, '-'), '.', 1))) AS whole`,
    `max(strlen(split_part(${number}, '.', 2))) AS fraction`,
  ]);
  return new Map(
    [...rows].map(([name, row]): [string, TypedText] => {
      const cast = (type: string) => (text: string) => `CAST(${numberText(text, decimal)} AS ${type})`;
      if (row.exact === true) return [name, { type: 'DOUBLE', cast: cast('DOUBLE') }];
      const [whole, fraction] = [Number(row.whole), Number(row.fraction)];
      if (row.floating === true || whole + fraction > MAX_DECIMAL_DIGITS) return [name, TEXT];
      const type = `DECIMAL(${MAX_DECIMAL_DIGITS},${fraction})`;
      return [name, { type, cast: cast(type) }];
    }),
  );
}

/** Returns the digits that make a number's value, without sign, point, exponent and surrounding zeros. */
export function digits(text: string): string {
  return `trim(replace(split_part(lower(ltrim(trim(${text}), '+-')), 'e', 1), '.', ''), '0')`;
}

/** Aggregates of `t`, the trimmed values of each column, by the name of the column. */
async function byColumn(
  database: Database,
  source: string,
  names: readonly string[],
  aggregates: readonly string[],
): Promise<Map<string, Record<string, unknown>>> {
  if (names.length === 0) return new Map();
  const selected = names.map((name, index) => `${identifier(name)} AS c${index}`).join(', ');
  const long = `SELECT c, trim(v) AS t FROM (UNPIVOT (SELECT ${selected} FROM ${source}) ON COLUMNS(*) INTO NAME c VALUE v)`;
  const rows = await database.run(`SELECT c, ${aggregates.join(', ')} FROM (${long}) GROUP BY c`);
  return new Map(rows.map((row) => [names[Number(String(row.c).slice(1))] ?? '', row]));
}
