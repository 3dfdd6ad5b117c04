import { csvRows, type RowSyntax } from './csv-rows.ts';
import { isNumber, isWord } from './fields.ts';
import type { Row } from './row.ts';

/** How many rows are read. */
const MAX_ROWS = 2_000;
const CHUNK_BYTES = 65_536;
/** Rows compared with the first one. */
const MOST_COMPARED = 50;

/** How regular a text is if it is read with one syntax. */
export interface Layout {
  readonly syntax: RowSyntax;
  /**
   * The rows from the table's first one on, the header included. Rows of another width than the table's are included
   * too.
   */
  readonly rows: readonly Row[];
  /** The most frequent number of fields. */
  readonly width: number;
  /** The share of the rows that has that width. */
  readonly share: number;
  /** Lines before the table: titles, notes, blank lines. */
  readonly skipLines: number;
  /**
   * Whether the first row is a header of another width than the rows: one field less, as R writes it above row names,
   * or more fields that are empty, because the line ends with delimiters. If all rows end in several empty fields, the
   * header may lack those.
   */
  readonly oddHeader: 'short' | 'long' | undefined;
  /** The number of names in a header that was left out, because it has more fields than most rows. */
  readonly longHeader: number | undefined;
}

/**
 * Reads the head of a text with one syntax. The table begins with the first row of the most frequent width: DuckDB's
 * sniffer assumes that the first line belongs to the table, and so loses a whole table below two title lines.
 *
 * @param head whole lines, unless it is the whole content.
 * @param given whether the number of lines before the table is given, and whether short rows are padded: then the first
 * row's width counts.
 */
export async function layoutOf(
  head: Buffer,
  syntax: RowSyntax,
  given: { readonly skip: boolean; readonly pad: boolean },
): Promise<Layout> {
  const all: Row[] = [];
  for await (const rows of csvRows(inChunks(head), syntax)) {
    for (const row of rows) all.push(row);
    if (all.length >= MAX_ROWS) break;
  }
  const width = Math.max(mostFrequent(all), given.pad ? (all.find(({ fields }) => fields > 1)?.fields ?? 0) : 0);
  const fits = ({ fields }: Row): boolean => fields === width || (given.pad && fields > 0 && fields < width);
  const first = given.skip ? 0 : behindTitles(all, firstOf(all, fits), width, syntax.delimiter);
  const oddHeader = oddHeaderOf(all, first, width, syntax.delimiter);
  const from = oddHeader === undefined ? first : first - 1;
  const rows = all.slice(from, MAX_ROWS);
  const regular = rows.filter(fits).length + (oddHeader === undefined ? 0 : 1);
  return {
    syntax,
    rows,
    width,
    share: rows.length === 0 ? 0 : regular / rows.length,
    skipLines: from === 0 ? syntax.skipLines : (rows[0]?.line ?? 1) - 1,
    oddHeader,
    longHeader: given.skip ? undefined : longHeaderOf(all, from, width, syntax.delimiter),
  };
}

function longHeaderOf(rows: readonly Row[], from: number, width: number, delimiter: string): number | undefined {
  const at = rows.findIndex(({ fields, problem }, index) => index < from && fields > width && problem === undefined);
  const names = rows[at]?.bytes.toString('latin1').split(delimiter) ?? [];
  if (at === -1 || width < 2 || !names.every(isWord)) return undefined;
  return isAboveNumbers(rows.slice(at, at + MOST_COMPARED), delimiter) ? names.length : undefined;
}

function mostFrequent(rows: readonly Row[]): number {
  const counts = new Map<number, number>();
  for (const { fields, problem } of rows) {
    if (problem === undefined) counts.set(fields, (counts.get(fields) ?? 0) + 1);
  }
  // Every line outside the table has one field, so this width does not count.
  if (counts.size > 1) counts.delete(1);
  return [...counts].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0]?.[0] ?? 0;
}

function oddHeaderOf(rows: readonly Row[], first: number, width: number, delimiter: string): Layout['oddHeader'] {
  const before = rows[first - 1];
  if (before === undefined || before.problem !== undefined || width < 2) return undefined;
  if (before.fields > width && endEmpty([before], delimiter, before.fields - width)) return 'long';
  if (first === 1 && width === 2 && before.fields === 1 && rows.every(isQuoted)) return 'short';
  if (first !== 1 || width < 3 || before.fields < 2) return undefined;
  // A title that contains a delimiter is above the header, not above rows.
  if (isAboveNumbers(rows.slice(first, first + MOST_COMPARED), delimiter)) return undefined;
  const lacks = width - before.fields;
  return lacks === 1 || endEmpty(rows.slice(1), delimiter, lacks) ? 'short' : undefined;
}

/** Returns whether a title has as many commas as the table by chance: only its commas are followed by blanks. */
function isSentence([first, ...rows]: readonly Row[], delimiter: string): boolean {
  const spaced = (row: Row): number => row.bytes.toString('latin1').split(`${delimiter} `).length - 1;
  return (
    first !== undefined &&
    spaced(first) === first.fields - 1 &&
    rows.slice(0, MOST_COMPARED).every((row) => spaced(row) === 0) &&
    isAboveNumbers(rows.slice(0, MOST_COMPARED), delimiter)
  );
}

/** Returns whether the first row has a word in a column that has numbers in all other rows: then it is a header. */
function isAboveNumbers(rows: readonly Row[], delimiter: string): boolean {
  const [first = [], ...others] = rows.map(({ bytes }) =>
    bytes.toString('latin1').replaceAll('"', '').split(delimiter),
  );
  return others.length > 1 && first.some((name, at) => isWord(name) && others.every((fields) => isNumber(fields[at])));
}

/** Returns whether the first field is quoted, as R writes the names of columns and of rows. */
function isQuoted({ bytes }: Row): boolean {
  return bytes[0] === 0x22;
}

/** Returns whether each row ends in this many empty fields. */
export function endEmpty(rows: readonly Pick<Row, 'bytes'>[], delimiter: string, count: number): boolean {
  if (count <= 0) return false;
  const end = Buffer.from(delimiter.repeat(count));
  return rows.every(({ bytes }) => bytes.subarray(-count).equals(end));
}

/**
 * Returns the first row that fits the table. If most of the rows after it fit, rows before it that don't fit are
 * skipped.
 */
function firstOf(rows: readonly Row[], fits: (row: Row) => boolean): number {
  // A title has one field. A row with one field may also be a short row that is padded.
  const first = rows.findIndex((row) => fits(row) && row.fields > 1);
  if (first <= 0) return 0;
  const rest = rows.slice(first);
  return rest.filter(fits).length / rest.length >= 0.8 ? first : 0;
}

/**
 * Returns the first row after title lines or counts that a spreadsheet has filled with delimiters: the last half of
 * their fields is empty, and a header follows with a word in every field.
 */
function behindTitles(rows: readonly Row[], first: number, width: number, delimiter: string): number {
  if (width < 3) return first;
  if (first === 0 && isSentence(rows, delimiter)) return 1;
  const isTitle = ({ fields, bytes }: Row): boolean =>
    fields === width && endEmpty([{ bytes }], delimiter, Math.ceil(width / 2));
  const next = rows.findIndex((row, index) => index >= first && !isTitle(row));
  if (next <= first || next + 1 >= rows.length) return first;
  const names = rows[next]?.bytes.toString('latin1').split(delimiter) ?? [];
  const isHeader = names.length === width && names.every(isWord);
  return isHeader && !rows.slice(next).some(isTitle) ? next : first;
}

async function* inChunks(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES);
}
