import { rename, writeFile } from 'node:fs/promises';
import type { RowSyntax } from './csv-rows.ts';
import type { Database } from './duckdb.ts';
import { NoTableError } from './errors.ts';
import { fieldsOf, isNumber, isWord } from './fields.ts';
import { areValues, isHeaderOfYears, isNumbered } from './header.ts';
import { endEmpty, type Layout, layoutOf } from './layout.ts';
import type { ReadOptions } from './options.ts';
import { readText } from './read-text.ts';
import { padded, type Row } from './row.ts';
import { type Sniffed, sniff } from './sniff.ts';
import { literal } from './sql.ts';

export const DELIMITERS = [',', '\t', ';', '|'] as const;
/** A delimiter only if the name promises a table: a text has blanks between its words too. */
const BLANK = ' ';
/**
 * Delimiters with which numbers may have a decimal comma: Excel, LibreOffice and R write such tables in many countries.
 */
const BESIDE_DECIMAL_COMMAS = [';', '\t', '|'] as const;
/** A text is a table if this share of the inspected rows has the same number of fields. */
const TABLE_SHARE = 0.8;
/** Wider tables are sniffed by their first 200 columns: the sniffer needs more than 300 MiB for 20,000 columns. */
const MAX_COLUMNS = 20_000;
/** How much of a text is read to detect its syntax: the first row must end within this limit. */
const MAX_FIRST_ROW = 1_048_576;
const MOST_SNIFFED = 2_000;
const SNIFFED_OF_WIDE = 200;

/** The syntax of a table, detected from its head. */
export interface Dialect {
  readonly syntax: RowSyntax;
  readonly width: number;
  /** Whether the first row contains the names of the columns. */
  readonly header: boolean;
  /**
   * The number of fields in the header. It differs from the table's width if names are missing, or a delimiter is at
   * its end.
   */
  readonly headerFields: number;
  /** The names as the header contains them; empty texts if there is no header. */
  readonly names: readonly string[];
  readonly decimal: '.' | ',';
  /** DuckDB's types by column, from the head; `any` for a column without a value there. */
  readonly types: readonly string[];
  /** DuckDB's guess if dates are not in ISO 8601. */
  readonly dateFormat: string | undefined;
  readonly timestampFormat: string | undefined;
  /** Whether a blank follows each delimiter, so that it does not belong to the values. */
  readonly isSpaced: boolean;
  /** Rows of the head, the header included. */
  readonly headRows: number;
  /** Lines before the table that no option asked to leave out. */
  readonly skippedLines: number;
}

/**
 * Detects the syntax of a table: with DuckDB's sniffer, and by the width of the rows if the sniffer is wrong.
 *
 * DuckDB 1.5.6 is wrong, or has no answer, for a table below title lines, for `;` with decimal commas, for quotes in a
 * table without quoting (IMDb, Wikipedia), for mixed line ends, and for Excel's line `sep=;`.
 *
 * @param head UTF-8, and whole lines unless it is the whole content.
 * @param file where the sniffer's sample may be written; DuckDB must be allowed to read it.
 * @param isPromised whether the name or the content type promises a table.
 * @returns undefined if no delimiter gives rows of equal width: a table of one column looks like lines of text.
 */
export async function dialectOf(
  database: Database,
  head: Buffer,
  options: ReadOptions,
  file: string,
  isPromised: boolean,
): Promise<Dialect | undefined> {
  if (!/[\r\n]/.test(head.toString('latin1')) && head.length >= MAX_FIRST_ROW) {
    throw new NoTableError(`the first line is longer than ${MAX_FIRST_ROW} bytes`);
  }
  await writeFile(file, head.toString().replace(/\r\n?/g, '\n'));
  const layout = await bestLayout(database, head, options, file, isPromised);
  if (layout === undefined) return undefined;
  if (layout.longHeader !== undefined && options.header !== false) {
    throw new NoTableError(
      `a line above the table names ${layout.longHeader} columns, but most rows have ${layout.width} fields; set the option padShortRows if the last columns may be missing, or skipRows and header`,
    );
  }
  if (layout.width > MAX_COLUMNS) {
    throw new NoTableError(`the table has ${layout.width} columns, but only ${MAX_COLUMNS} can be read`);
  }
  const dialect = await describe(database, layout, options, file);
  const notes = layout.syntax.skipLines > 0 && options.skipRows === undefined ? notesOf(head) : 0;
  return { ...dialect, skippedLines: dialect.skippedLines + notes };
}

/** Returns the number of lines at the beginning that are notes, as MATLAB's `% …` and C's `// …` are. */
function notesOf(head: Buffer): number {
  const lines = firstLines(head);
  const isNote = (line: string): boolean => /^(%+|\/\/+)(\s|$)/.test(line);
  const count = lines.findIndex((line) => !isNote(line));
  if (count <= 0) return 0;
  return isCommentedHeader(lines[count - 1] ?? '', lines[count] ?? '') ? count - 1 : count;
}

function firstLines(head: Buffer): string[] {
  return head
    .subarray(0, 65_536)
    .toString()
    .split(/\r\n?|\n/);
}

async function bestLayout(
  database: Database,
  head: Buffer,
  options: ReadOptions,
  file: string,
  isPromised: boolean,
): Promise<Layout | undefined> {
  const separator = /^sep=(.)[\r\n]/i.exec(head.subarray(0, 8).toString())?.[1];
  const { delimiter, comment, skipRows: skipLines, header } = options;
  const known = { delimiter, quote: options.quote, comment, skipLines, header };
  const sniffed = isWide(head) ? undefined : await sniff(database, file, known);
  const quote = options.quote ?? (sniffed?.quote === "'" ? "'" : '"');
  const base = {
    quote,
    escape: sniffed?.escape === '\\' ? '\\' : quote,
    comment: options.comment ?? commentOf(head, sniffed),
    skipLines: options.skipRows ?? (separator === undefined ? notesOf(head) : 1),
  };
  const layoutBy = (delimiter: string, more: Partial<RowSyntax> = {}): Promise<Layout> =>
    layoutOf(
      head,
      { ...base, delimiter, ...more },
      { skip: options.skipRows !== undefined, pad: options.padShortRows },
    );

  const fixed = options.delimiter ?? separator ?? (options.format === 'tsv' ? '\t' : undefined);
  let best = await layoutBy(fixed ?? sniffed?.delimiter ?? ',');
  if (fixed === undefined) {
    if (!isTable(best) || best.share < 0.98 || best.skipLines > base.skipLines) {
      for (const delimiter of DELIMITERS) {
        const other = await layoutBy(delimiter);
        if (isBetter(other, best)) best = other;
      }
      const blanks = isPromised && !isTable(best) ? await layoutBy(BLANK) : undefined;
      if (blanks !== undefined && areNumbers(blanks)) best = blanks;
    }
    if (best.syntax.delimiter === ',') {
      for (const delimiter of BESIDE_DECIMAL_COMMAS) {
        const other = await layoutBy(delimiter);
        if (other.share === 1 && other.width > 1 && other.skipLines <= best.skipLines && isDecimalComma(other)) {
          best = other;
          break;
        }
      }
    }
  }
  if (options.quote === undefined && head.includes(quote)) {
    const others = quote === "'" ? { quote: '"', escape: '"' } : { quote: '', escape: '' };
    const unquoted = await layoutBy(best.syntax.delimiter, others);
    const cleaner = unquoted.share === 1 && unquoted.width === best.width && areText(unquoted, quote);
    if (cleaner || (isTable(unquoted) && unquoted.share > best.share + 0.02)) best = unquoted;
  }
  const wanted = options.format === 'csv' || options.format === 'tsv' || options.delimiter !== undefined;
  return isTable(best) || (wanted && best.width > 0) || (isPromised && best.width > 1 && best.share >= 0.3)
    ? best
    : undefined;
}

/**
 * The character with which comments begin. DuckDB reads the header `#id,name` as a comment, and misses a comment that
 * contains a delimiter. So the last of the first lines with a `#` decides whether they are comments.
 */
function commentOf(head: Buffer, sniffed: Sniffed | undefined): string {
  const lines = firstLines(head);
  const others = lines.findIndex((line) => !line.startsWith('#'));
  if (others <= 0) return sniffed?.comment ?? '';
  const last = lines[others - 1] ?? '';
  return /^#+(\s|#|$)/.test(last) && !isCommentedHeader(last, lines[others] ?? '') ? '#' : '';
}

/**
 * Returns whether a line such as `# id,v` names the columns of the row below, as numpy writes it: it has as many
 * fields, with words here and numbers there.
 */
function isCommentedHeader(line: string, below: string): boolean {
  return DELIMITERS.some((delimiter) => {
    const names = line.replace(/^[#%/]+/, '').split(delimiter);
    const values = below.split(delimiter);
    return names.length > 1 && names.length === values.length && values.some(isNumber) && names.every(isWord);
  });
}

function isWide(head: Buffer): boolean {
  const [first = ''] = head.toString('latin1').split(/[\r\n]/, 1);
  return DELIMITERS.some((delimiter) => first.split(delimiter).length > MOST_SNIFFED);
}

function isTable({ width, share }: Layout): boolean {
  return width > 1 && share >= TABLE_SHARE;
}

/** Returns whether the rows have one width and most of their fields are numbers. */
function areNumbers({ rows, width, share, oddHeader, syntax }: Layout): boolean {
  if (width < 2 || share < 1 || oddHeader !== undefined || rows.length < 3) return false;
  const fields = fieldsOf(rows.slice(1), syntax).flat();
  return fields.filter(isNumber).length > fields.length / 2;
}

function isBetter(other: Layout, best: Layout): boolean {
  if (!isTable(best) && other.width > 1 && (best.width < 2 || other.share > best.share)) return true;
  if (!isTable(other)) return false;
  // A table below lines that have its delimiter's fields, too, is the rarer one.
  if (best.share === 1 && best.width > 1 && best.skipLines === 0 && other.skipLines > 0) return false;
  if (other.share === 1 && other.skipLines === 0 && best.skipLines > 0) return true;
  return other.share > best.share + 0.02 || (other.share >= best.share && other.width > best.width);
}

/**
 * Returns whether quotes are text: more rows have an odd number of them than have a quoted field; for single quotes,
 * also if most rows have no quoted field.
 */
function areText({ rows, syntax }: Layout, quote: string): boolean {
  let odd = 0;
  let quoted = 0;
  for (const { bytes } of rows) {
    const text = bytes.toString('latin1');
    if (text.split(quote).length % 2 === 0) odd++;
    else if (text.split(syntax.delimiter).some((field) => isWithin(field.trim(), quote))) quoted++;
  }
  return odd > quoted || (quote === "'" && quoted < (rows.length - 1) / 2);
}

function isWithin(field: string, quote: string): boolean {
  return field.length > 1 && field.startsWith(quote) && field.endsWith(quote);
}

/** Returns whether there are numbers such as `1,5`, and the comma of at least one can't be a thousands separator. */
function isDecimalComma({ rows, syntax }: Layout): boolean {
  const fields = rows
    .flatMap(({ bytes }) => bytes.toString('latin1').split(syntax.delimiter))
    .map((one) => one.trim())
    .map((one) => (syntax.quote !== '' && isWithin(one, syntax.quote) ? one.slice(1, -1) : one));
  const commas = fields.filter((field) => /^[+-]?(\d{1,3}(\.\d{3})+|\d*),\d+([eE][+-]?\d+)?$/.test(field));
  return commas.some((field) => !/,\d{3}$/.test(field)) && !fields.some((field) => /^[+-]?\d*\.\d+$/.test(field));
}

/** Returns header, names and types of the columns, with DuckDB's sniffer on rows of one width. */
async function describe(database: Database, layout: Layout, options: ReadOptions, file: string): Promise<Dialect> {
  const { syntax, width, oddHeader, skipLines } = layout;
  const body = layout.rows
    .filter(({ fields }) => fields === width || (options.padShortRows && fields > 0 && fields < width))
    .map((row) => padded(row, width, syntax.delimiter));
  const isBeside = BESIDE_DECIMAL_COMMAS.some((one) => one === syntax.delimiter);
  const decimal = options.decimal ?? (isBeside && isDecimalComma(layout) ? ',' : '.');
  await writeFile(file, Buffer.concat(body.flatMap(({ bytes }) => [bytes, Buffer.from('\n')])));
  if (width > MOST_SNIFFED) await narrow(database, file, syntax, width);
  const header = oddHeader === undefined ? options.header : false;
  const about = await sniff(database, file, {
    ...syntax,
    ...(width > MOST_SNIFFED ? { delimiter: ',', quote: '"', escape: '"' } : {}),
    ...{ header, decimal, dateFormat: options.dateFormat, timestampFormat: options.timestampFormat },
    skipLines: 0,
    nullValues: options.nullValues,
  });
  const { filled, blank } = await lookAtColumns(database, file, layout);
  const found =
    (about?.header === true && !areValues(body, syntax)) || isHeaderOfYears(body, syntax) || isNumbered(body, syntax);
  const isHeader = oddHeader !== undefined || (options.header ?? found);
  const headerLine = (oddHeader === undefined ? body[0] : layout.rows[0])?.line;
  const types = about?.types ?? [];
  return {
    syntax: { ...syntax, skipLines },
    width,
    header: isHeader,
    headerFields: layout.rows.find(({ line }) => line === headerLine)?.fields ?? width,
    names: isHeader ? namesOf(layout, body[0]) : Array.from({ length: width }, () => ''),
    decimal,
    types: Array.from({ length: width }, (_, index) =>
      filled.has(index) && !blank.has(index) ? (types[index] ?? 'VARCHAR') : 'any',
    ),
    dateFormat: about?.dateFormat,
    timestampFormat: about?.timestampFormat,
    isSpaced: isSpaced(layout),
    headRows: layout.rows.length,
    skippedLines: skipLines - syntax.skipLines,
  };
}

/** Returns whether every delimiter has a blank behind it. */
function isSpaced({ rows, syntax: { delimiter } }: Layout): boolean {
  const isBlank = (field: string): boolean => field === '' || field.startsWith(' ');
  const followed = ({ bytes }: Row): boolean => bytes.toString('latin1').split(delimiter).slice(1).every(isBlank);
  return delimiter !== BLANK && rows.length > 1 && rows.every(followed);
}

/** Replaces a sample by its first columns. */
async function narrow(database: Database, file: string, syntax: RowSyntax, width: number): Promise<void> {
  const columns = Array.from({ length: width }, (_, index) => `c${index}`);
  const some = columns.slice(0, SNIFFED_OF_WIDE).join(', ');
  await database.run(
    `COPY (SELECT ${some} FROM ${readText(file, syntax, columns)}) TO ${literal(`${file}.narrow`)} (FORMAT csv, HEADER false)`,
  );
  await rename(`${file}.narrow`, file);
}

function namesOf({ rows, syntax, width, oddHeader }: Layout, firstOfWidth: Row | undefined): string[] {
  const first = oddHeader === undefined ? firstOfWidth : rows[0];
  if (first === undefined) return [];
  const [[begins = '', ...others] = []] = fieldsOf([first], syntax);
  const names = [begins.replace(/^[#%]+\s+/, ''), ...others];
  if (oddHeader === undefined) return names;
  if (oddHeader === 'long') return names.slice(0, width);
  // The unnamed column contains R's row names, unless all rows end in delimiters.
  const missing = Array.from({ length: width - names.length }, () => '');
  return endEmpty(rows.slice(1), syntax.delimiter, missing.length) ? [...names, ...missing] : ['', ...names];
}

/**
 * Returns the columns that have a value in the sample (without the header), and those with blanks after a value:
 * DuckDB's sniffer reads `2.5 ` as text.
 */
async function lookAtColumns(
  database: Database,
  file: string,
  { syntax, width, rows }: Layout,
): Promise<{ filled: Set<number>; blank: Set<number> }> {
  const columns = Array.from({ length: width }, (_, index) => `c${index}`);
  if (width > MOST_SNIFFED || rows.length < 3) return { filled: new Set(columns.keys()), blank: new Set() };
  const looks = columns.map((column) => `count(${column}) AS ${column}, bool_or(${column} LIKE '% ') AS p${column}`);
  const [found = {}] = await database.run(
    `SELECT ${looks.join(', ')} FROM (FROM ${readText(file, syntax, columns)} OFFSET 1)`,
  );
  const those = (is: (column: string) => boolean): Set<number> =>
    new Set([...columns.keys()].filter((index) => is(`c${index}`)));
  return {
    filled: those((column) => Number(found[column]) > 0),
    blank: those((column) => found[`p${column}`] === true),
  };
}
