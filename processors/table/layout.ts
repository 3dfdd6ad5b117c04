import { csvRows, type RowSyntax } from './csv-rows.ts';
import type { Row } from './row.ts';

/** Rows looked at. */
const MAX_ROWS = 2_000;
const CHUNK_BYTES = 65_536;

/** How regular a text is when it is read by one syntax. */
export interface Layout {
  readonly syntax: RowSyntax;
  /** The rows from the table's first one on, its header included. Those of another width than the table's too. */
  readonly rows: readonly Row[];
  /** The most frequent number of fields. */
  readonly width: number;
  /** Of the rows, the share that has that width. */
  readonly share: number;
  /** Lines before the table: titles, notes, blank lines. */
  readonly skipLines: number;
  /**
   * Whether the first row is a header of another width than the rows: one field less, as R writes it above row names, or one more
   * that is empty, which is a delimiter at its end. Where all rows end in several empty fields, it may lack those.
   */
  readonly oddHeader: 'short' | 'long' | undefined;
}

/**
 * Reads the head of a text by one syntax. The table begins with the first row of the most frequent width: DuckDB's sniffer takes the first
 * line for the table's, and so loses all of a table below two lines of title.
 *
 * @param head whole lines, unless it is the whole content.
 * @param given whether the lines before the table are given, and whether short rows are filled up: the first row's width counts then.
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
  };
}

function mostFrequent(rows: readonly Row[]): number {
  const counts = new Map<number, number>();
  for (const { fields, problem } of rows) {
    if (problem === undefined) counts.set(fields, (counts.get(fields) ?? 0) + 1);
  }
  // One field is what every line has that is not of the table.
  if (counts.size > 1) counts.delete(1);
  return [...counts].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0]?.[0] ?? 0;
}

function oddHeaderOf(rows: readonly Row[], first: number, width: number, delimiter: string): Layout['oddHeader'] {
  const before = rows[first - 1];
  if (before === undefined || before.problem !== undefined || width < 2) return undefined;
  if (before.fields === width + 1 && before.bytes.at(-1) === delimiter.charCodeAt(0)) return 'long';
  if (first !== 1 || width < 3 || before.fields < 2) return undefined;
  const lacks = width - before.fields;
  return lacks === 1 || endEmpty(rows.slice(1), delimiter, lacks) ? 'short' : undefined;
}

/** Whether each row ends in so many empty fields. */
export function endEmpty(rows: readonly Pick<Row, 'bytes'>[], delimiter: string, count: number): boolean {
  if (count <= 0) return false;
  const end = Buffer.from(delimiter.repeat(count));
  return rows.every(({ bytes }) => bytes.subarray(-count).equals(end));
}

/** The first row that fits the table, behind rows that don't if most of what follows does. */
function firstOf(rows: readonly Row[], fits: (row: Row) => boolean): number {
  // One field is what a title has, though it may be a row that is filled up.
  const first = rows.findIndex((row) => fits(row) && row.fields > 1);
  if (first <= 0) return 0;
  const rest = rows.slice(first);
  return rest.filter(fits).length / rest.length >= 0.8 ? first : 0;
}

/**
 * The first row behind lines of title or of counts that a spreadsheet has filled up with delimiters: half of their fields, at the end, hold
 * nothing, and what follows is a header, of words in every field.
 */
function behindTitles(rows: readonly Row[], first: number, width: number, delimiter: string): number {
  if (width < 3) return first;
  const isTitle = ({ fields, bytes }: Row): boolean =>
    fields === width && endEmpty([{ bytes }], delimiter, Math.ceil(width / 2));
  const next = rows.findIndex((row, index) => index >= first && !isTitle(row));
  if (next <= first || next + 1 >= rows.length) return first;
  const names = rows[next]?.bytes.toString('latin1').split(delimiter) ?? [];
  const isHeader = names.length === width && names.every((name) => name.trim() !== '' && Number.isNaN(Number(name)));
  return isHeader && !rows.slice(next).some(isTitle) ? next : first;
}

async function* inChunks(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES);
}
