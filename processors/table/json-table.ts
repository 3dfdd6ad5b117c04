import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeGoodRows } from './clean-rows.ts';
import type { Database } from './duckdb.ts';
import { ConversionError } from './errors.ts';
import { exactNumbers, type Formats, inferTypes, type TypedText } from './infer-types.ts';
import { holdsRounded, isFraction, membersOf, type Wrapping, writeAsTexts } from './json-numbers.ts';
import type { ReadOptions } from './options.ts';
import type { Rejects } from './rejects.ts';
import type { JsonRow } from './row.ts';
import { identifier, literal } from './sql.ts';
import type { Column, Table } from './table.ts';

/** With more keys, or more leaves in nested values, the value stays JSON: each column needs buffers of its own. */
const MOST_COLUMNS = 2_000;
/** Parts below this depth become texts of JSON. Smaller depths are used if there are too many leaves. */
const DEPTHS = [32, 8, 5, 4, 3, 2, 1] as const;
/** DuckDB's own default for the longest value. */
const LEAST_OBJECT_BYTES = 16_777_216;

/**
 * Makes a table from JSON values: an object is a row, its keys are the columns. There is one column `json` if the first
 * value is not an object, if there are more than 2,000 keys, or if the keys can't be names of columns at the same time.
 *
 * DuckDB's types are used except where version 1.5.6 is wrong: integers of more than 64 bits (DOUBLE in Parquet), dates
 * and times (`infinity` becomes 1900-01-01, offsets are lost), fractions with more digits than a DOUBLE has, and more
 * than 200 keys (one MAP).
 */
export async function jsonTable(
  database: Database,
  values: AsyncGenerator<JsonRow[]>,
  options: ReadOptions,
  folder: string,
  rejects: Rejects,
): Promise<Pick<Table, 'source' | 'columns' | 'rows' | 'formats'>> {
  const file = join(folder, 'rows.jsonl');
  const given = new Set(Object.keys(options.types));
  const formats = formatsOf(options);
  const seen = new Seen(given);
  const rows = await writeGoodRows(seen.watch(values), file, rejects);
  // Objects without keys, `{}`, are rows without columns.
  if (rows === 0 || seen.areEmpty) return { source: '', columns: [], rows, formats };
  const reader = new JsonReader(database, file, seen);
  const types = await reader.types();
  const { found, read } = await reader.corrections(types, given, formats);
  const columns = [...types].map(([name, type]) => columnOf(name, given.has(name) ? 'VARCHAR' : type, found.get(name)));
  return { source: reader.source(types, read), columns, rows, formats };
}

function formatsOf({ dateFormat, timestampFormat }: ReadOptions): Formats {
  return {
    decimal: '.',
    ...(dateFormat === undefined ? {} : { date: { text: dateFormat, isGiven: true } }),
    ...(timestampFormat === undefined ? {} : { timestamp: { text: timestampFormat, isGiven: true } }),
  };
}

/** What all values have in common. */
class Seen {
  isRecords = true;
  longest = 0;
  /** The keys under which a DOUBLE would lose digits, or a given type would lose the text of a number. */
  readonly rounded = new Set<string>();
  /** Whether any value contains such a number. */
  anyRounded = false;
  readonly #given: ReadonlySet<string>;
  readonly #keys = new Set<string>();
  #any = false;

  constructor(given: ReadonlySet<string>) {
    this.#given = given;
  }

  /** Whether each key becomes a column. */
  get areColumns(): boolean {
    return this.isRecords && this.#keys.size <= MOST_COLUMNS && !this.areNoNames;
  }

  /**
   * Whether two keys differ only in case, which names in SQL ignore, or one key is empty or contains a NUL, which ends
   * a statement. DuckDB 1.5.6 names such columns `A_1` and `C0`, and then finds no value under these keys.
   */
  get areNoNames(): boolean {
    const keys = [...this.#keys];
    return (
      keys.some((key) => key === '' || key.includes('\0')) ||
      new Set(keys.map((key) => key.toLowerCase())).size < keys.length
    );
  }

  get areEmpty(): boolean {
    return this.isRecords && this.#keys.size === 0;
  }

  async *watch(batches: AsyncGenerator<JsonRow[]>): AsyncGenerator<JsonRow[]> {
    for await (const rows of batches) yield rows.map((row) => this.#see(row));
  }

  #see(row: JsonRow): JsonRow {
    if (row.problem !== undefined) return row;
    if (!this.#any) this.isRecords = row.keys !== undefined;
    this.#any = true;
    this.longest = Math.max(this.longest, row.bytes.length);
    if (!this.isRecords) {
      if (row.mayRound && (holdsRounded(row.bytes.toString()) || isLongInteger(row.bytes))) this.anyRounded = true;
      return row;
    }
    if (row.keys === undefined) return { ...row, problem: 'the value is not a JSON object' };
    if (this.#keys.size <= MOST_COLUMNS) for (const key of row.keys) this.#keys.add(key);
    if (row.mayRound || this.#given.size > 0) this.#seeNumbers(row.bytes.toString());
    return row;
  }

  #seeNumbers(object: string): void {
    if (this.#given.size === 0 && !holdsRounded(object)) return;
    for (const { key, value } of membersOf(object)) {
      if (holdsRounded(value)) this.anyRounded = true;
      else if (!this.#given.has(key) || !isFraction(value)) continue;
      if (this.rounded.size <= MOST_COLUMNS) this.rounded.add(key);
    }
  }
}

class JsonReader {
  readonly #database: Database;
  readonly #seen: Seen;
  #file: string;
  #longest: number;
  /** Whether the keys of a value are columns; otherwise the value is one column. */
  #records: boolean;
  #depth: number = DEPTHS[0];

  constructor(database: Database, file: string, seen: Seen) {
    this.#database = database;
    this.#file = file;
    this.#seen = seen;
    this.#longest = seen.longest + 1;
    this.#records = seen.areColumns;
  }

  /** The columns' types, with dates and times as texts, and only as deep as the limit on leaves permits. */
  async types(): Promise<Map<string, string>> {
    const { isRecords, areNoNames, anyRounded } = this.#seen;
    if (isRecords ? areNoNames : anyRounded) return new Map([['json', 'JSON']]);
    for (const depth of DEPTHS) {
      this.#depth = depth;
      const types = await this.#readable();
      if (types !== undefined && (depth === 1 || leavesOf(types) <= MOST_COLUMNS)) return types;
    }
    throw new Error('unreachable');
  }

  /**
   * Undefined if DuckDB accepts no types at this depth: keys in an inner object that differ only in case, or are empty,
   * can't be names in a STRUCT. With depth 1, each column is a text of JSON.
   */
  async #readable(): Promise<Map<string, string> | undefined> {
    try {
      const types = await this.#described(`dateformat = '%%', timestampformat = '%%'`);
      await this.#database.run(`FROM ${this.source(types, new Map())} LIMIT 1`);
      return types;
    } catch (error) {
      if (this.#depth === 1 || !(error instanceof ConversionError)) throw error;
      return undefined;
    }
  }

  /** The columns for which DuckDB's types lose data: the type to read them with, and the type that they get. */
  async corrections(
    types: ReadonlyMap<string, string>,
    given: ReadonlySet<string>,
    formats: Formats,
  ): Promise<{ found: ReadonlyMap<string, TypedText>; read: ReadonlyMap<string, string> }> {
    const wrapped = await this.#keepDigits(types, given);
    const open = [...types].filter(([name]) => !given.has(name) && !wrapped.has(name));
    const read = new Map([...given, ...wrapped].map((name) => [name, 'VARCHAR']));
    const texts = open.filter(([, type]) => type === 'VARCHAR').map(([name]) => ({ name, guess: 'any' }));
    const found = await inferTypes(this.#database, this.source(types, read), texts, formats, ['moment']);
    const numbers = open.filter(([, type]) => type === 'DOUBLE' || type === 'HUGEINT').map(([name]) => name);
    const asTexts = new Map(numbers.map((name) => [name, 'VARCHAR']));
    for (const [name, exact] of await exactNumbers(this.#database, this.source(types, asTexts), numbers, formats)) {
      if (exact.type === 'DOUBLE') continue;
      found.set(name, exact);
      read.set(name, 'VARCHAR');
    }
    for (const name of wrapped) found.set(name, { type: 'JSON', cast: (text) => `CAST(${text} AS JSON)` });
    for (const [name, type] of await this.#nested(open, types, read)) {
      found.set(name, type);
      if (type.type === 'JSON') read.set(name, 'JSON');
    }
    return { found, read };
  }

  /**
   * Writes the values again if DuckDB would lose digits of numbers: such numbers become texts, and the values that
   * contain them become texts of JSON.
   *
   * @returns the columns that are texts of JSON now.
   */
  async #keepDigits(types: ReadonlyMap<string, string>, given: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const { rounded, anyRounded } = this.#seen;
    const wrappings = new Map<string, Wrapping>();
    if (this.#records) {
      for (const [name, type] of types) {
        if (rounded.has(name)) wrappings.set(name, given.has(name) || isNumeric(type) ? 'plain' : 'json');
      }
      if (wrappings.size === 0) return new Set();
    } else if (!anyRounded) return new Set();
    const file = `${this.#file}.texts`;
    this.#longest = (await writeAsTexts(this.#file, file, wrappings, !this.#records)) + 1;
    await rm(this.#file);
    this.#file = file;
    if (!this.#records) {
      this.#records = true;
      return new Set(['json']);
    }
    return new Set([...wrappings].filter(([, wrapping]) => wrapping === 'json').map(([name]) => name));
  }

  /** @param read the types to read some columns with, instead of their own. */
  source(types: ReadonlyMap<string, string>, read: ReadonlyMap<string, string>): string {
    const columns = [...types].map(([name, type]) => `${literal(name)}: ${literal(read.get(name) ?? type)}`);
    return `read_json(${this.#base()}, columns = {${columns.join(', ')}})`;
  }

  /**
   * Nested columns that lose data: with long integers they become JSON; dates and times are converted if that loses
   * nothing.
   */
  async #nested(
    open: readonly (readonly [string, string])[],
    types: ReadonlyMap<string, string>,
    read: ReadonlyMap<string, string>,
  ): Promise<Map<string, TypedText>> {
    const found = new Map<string, TypedText>();
    const nested = open.filter(([, type]) => /^(STRUCT|MAP)\(|\]$/.test(type));
    if (nested.length === 0) return found;
    const dated = await this.#described('');
    const source = this.source(types, read);
    const asJson = this.source(types, new Map([...read, ...nested.map(([name]) => [name, 'JSON'] as const)]));
    for (const [name, type] of nested) {
      const column = identifier(name);
      if (/\b(HUGEINT|DOUBLE)\b/.test(type)) {
        const [row] = await this.#database.run(
          `SELECT bool_or(regexp_matches(CAST(${column} AS VARCHAR), '[:[,] ?-?[0-9]{16,}[],}]')) AS long FROM ${asJson}`,
        );
        if (row?.long === true) {
          found.set(name, { type: 'JSON', cast: (text) => text });
          continue;
        }
      }
      const wanted = dated.get(name) ?? type;
      if (wanted === type || !/\b(DATE|TIMESTAMP)/.test(wanted)) continue;
      const cast = `try_cast(${column} AS ${wanted})`;
      const [row] = await this.#database.run(
        `SELECT bool_and(to_json(${cast})::VARCHAR = to_json(${column})::VARCHAR AND NOT contains(to_json(${column})::VARCHAR, 'infinity')) AS same FROM ${source} WHERE ${column} IS NOT NULL`,
      );
      if (row?.same === true) found.set(name, { type: wanted, cast: (text) => `CAST(${text} AS ${wanted})` });
    }
    return found;
  }

  async #described(dates: string): Promise<Map<string, string>> {
    const rows = await this.#database.run(
      `DESCRIBE FROM read_json(${this.#base()}, sample_size = -1, convert_strings_to_integers = false, maximum_depth = ${this.#depth}, map_inference_threshold = ${MOST_COLUMNS}, field_appearance_threshold = 0${dates === '' ? '' : `, ${dates}`})`,
    );
    return new Map(rows.map(({ column_name, column_type }) => [String(column_name), String(column_type)]));
  }

  #base(): string {
    const longest = Math.max(this.#longest, LEAST_OBJECT_BYTES);
    return `${literal(this.#file)}, format = 'newline_delimited', records = ${this.#records}, maximum_object_size = ${longest}`;
  }
}

function columnOf(name: string, type: string, found: TypedText | undefined): Column {
  const raw = identifier(name);
  return { name, type: found?.type ?? type, expression: found?.cast(raw) ?? raw, raw };
}

/** More than 64 bits. If such an integer is a whole line, DuckDB 1.5.6 reads the line as malformed. */
function isLongInteger(value: Buffer): boolean {
  return /^-?\d{19,}$/.test(value.toString('latin1'));
}

function isNumeric(type: string): boolean {
  return /^(DOUBLE|FLOAT|DECIMAL.*|U?(HUGE|BIG|SMALL|TINY)?INT(EGER)?)$/.test(type);
}

function leavesOf(types: ReadonlyMap<string, string>): number {
  let leaves = 0;
  for (const type of types.values()) leaves += type.split(', ').length;
  return leaves;
}
