import { isUtf8 } from 'node:buffer';
import { MalformedInputError } from './errors.ts';
import type { Row } from './row.ts';

/** DuckDB's own limit for one row. */
export const MAX_ROW_BYTES = 2_000_000;
/** A longer row is not a row: its quote is never closed, or it has only commas. */
const MAX_SKIPPED_BYTES = 16_777_216;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BACKSLASH = 0x5c;
const BLANK = 0x20;
const TAB = 0x09;
const END_OF_FILE = 0x1a;

const TOO_LONG = `the row is longer than ${MAX_ROW_BYTES} bytes`;

/** The syntax of a table's rows. Each field is one ASCII character. */
export interface RowSyntax {
  readonly delimiter: string;
  /** Empty if the table has no quoting. */
  readonly quote: string;
  /** A backslash, or the quote itself. */
  readonly escape: string;
  /** The beginning of lines to leave out; empty if there are none. */
  readonly comment: string;
  /** Lines before the first row. */
  readonly skipLines: number;
}

/** The position of one record in the bytes. */
interface Found {
  /** The position after its last byte, and the beginning of the next record. */
  readonly end: number;
  readonly next: number;
  readonly fields: number;
  readonly problem: string | undefined;
  /** The rest of its line is still to come, and has to be skipped. */
  readonly open?: boolean;
}

/**
 * Divides delimited UTF-8 text into records. A quote opens a field at the field's beginning or after blanks, closes it
 * only before a delimiter or a line end, and is text in any other place. Lines end in LF, CRLF or CR, also mixed. Empty
 * lines, lines of blanks and comments are not records; nor is the byte 0x1A that old programs write at the end of a
 * file.
 *
 * This is our own code, because DuckDB 1.5.6 hides bad rows or keeps them in memory: `store_rejects` keeps each bad row
 * in memory, outside DuckDB's limit and whatever `rejects_limit` says (2.4 GiB for a file of 18 MB); a quote that never
 * closes makes the whole rest of a file one bad row; and strict mode refuses a file with mixed line ends.
 *
 * After a bad record, reading continues at the next line, so a quote that never closes loses that line and not the
 * rest.
 *
 * @param width how many fields the rows have. With it, quotes between tabs can be text: few programs quote in TSV.
 * @throws MalformedInputError for a row of more than 16 MiB.
 */
export async function* csvRows(
  source: AsyncGenerator<Buffer>,
  syntax: RowSyntax,
  width?: number,
): AsyncGenerator<Row[]> {
  const scan = new RecordScanner(syntax);
  const unquoted = width !== undefined && syntax.delimiter === '\t' ? new UnquotedLines(syntax, width) : undefined;
  const comment = syntax.comment.charCodeAt(0);
  let held: Buffer = Buffer.alloc(0);
  let line = 1;
  let skipping = false;
  let skipped = 0;
  // An incomplete record is scanned again when twice as many bytes are there, so that the cost of a long record does
  // not grow with the square of its length.
  let enough = 1;
  for (let ended = false; !ended; ) {
    const next = await source.next();
    ended = next.done === true;
    if (next.done !== true) held = held.length === 0 ? next.value : Buffer.concat([held, next.value]);
    if (!ended && held.length < enough) continue;

    const rows: Row[] = [];
    const allUtf8 = isUtf8(held);
    let at = 0;
    while (at < held.length) {
      const beforeTable = line <= syntax.skipLines;
      if (skipping || beforeTable || held[at] === comment) {
        const end = lineEnd(held, at, ended);
        if (end === undefined && !skipping && held.length - at <= MAX_ROW_BYTES && !ended) break;
        skipped += (end?.end ?? held.length) - at;
        if (skipped > MAX_SKIPPED_BYTES) throw tooLong(line);
        at = end?.next ?? held.length;
        skipping = end === undefined;
        line += skipping ? 0 : 1;
        if (!skipping) skipped = 0;
        continue;
      }
      let found = scan.recordFrom(held, at, ended);
      if (found === undefined) break;
      let bytes = held.subarray(at, found.end);
      const line1 = unquoted?.lineOf(held, at, found, ended);
      if (line1 !== undefined) [found, bytes] = [line1, line1.bytes];
      let { problem } = found;
      if (bytes.length > MAX_ROW_BYTES) problem ??= TOO_LONG;
      if (!allUtf8 && !isUtf8(bytes)) problem ??= 'the row contains bytes that are not valid in its encoding';
      if (problem !== undefined) rows.push({ line, bytes, fields: 0, problem });
      else if (found.fields > 1 || !isEmpty(bytes)) rows.push({ line, bytes, fields: found.fields, problem });
      skipping = found.open === true;
      skipped = skipping ? bytes.length : 0;
      line += lineFeeds(bytes) + (skipping ? 0 : 1);
      at = found.next;
    }
    held = held.subarray(at);
    enough = Math.min(held.length * 2, MAX_ROW_BYTES + 2);
    if (rows.length > 0) yield rows;
  }
}

function isEmpty(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === BLANK || byte === TAB || byte === END_OF_FILE);
}

function tooLong(line: number): MalformedInputError {
  return new MalformedInputError(
    `line ${line} is longer than ${MAX_SKIPPED_BYTES / 1_048_576} MiB (1,000,000 columns would be shorter): no table has such rows`,
  );
}

/**
 * Distinguishes quotes that are text from quotes that quote, if tabs separate the fields: if each line of a record has
 * the table's width without any quoting, two titles such as `"Hello` and `World"` belong to two rows.
 */
class UnquotedLines {
  readonly #syntax: RowSyntax;
  readonly #width: number;

  constructor(syntax: RowSyntax, width: number) {
    this.#syntax = syntax;
    this.#width = width;
  }

  /** The first line of a record as a separate row, with escaped quotes; undefined if the record is one row. */
  lineOf(held: Buffer, at: number, { end, problem }: Found, ended: boolean): (Found & { bytes: Buffer }) | undefined {
    if (this.#syntax.quote === '' || this.#width < 2) return undefined;
    const record = held.subarray(at, end);
    if (problem === undefined && !record.includes(LINE_FEED) && !record.includes(CARRIAGE_RETURN)) return undefined;
    const first = lineEnd(held, at, ended) ?? { end, next: end };
    const lines = problem === undefined ? record.toString('latin1').split(/\r\n?|\n/) : [];
    const text = held.subarray(at, first.end).toString('latin1');
    if (![text, ...lines].every((line) => line.split('\t').length === this.#width)) return undefined;
    return { ...first, fields: this.#width, problem: undefined, bytes: Buffer.from(this.#quoted(text), 'latin1') };
  }

  #quoted(line: string): string {
    const { quote } = this.#syntax;
    const field = (text: string): string => (text.includes(quote) ? `${quote}${this.#escaped(text)}${quote}` : text);
    return line.split('\t').map(field).join('\t');
  }

  #escaped(text: string): string {
    const { quote, escape: by } = this.#syntax;
    const escaped = by === quote ? text : text.replaceAll(by, by + by);
    return escaped.replaceAll(quote, by + quote);
  }
}

/** Finds the end of records in a buffer. */
class RecordScanner {
  readonly #delimiter: number;
  /** -1 if the table has no quoting: no byte has this value. */
  readonly #quote: number;
  readonly #byBackslash: boolean;

  constructor(syntax: RowSyntax) {
    this.#delimiter = syntax.delimiter.charCodeAt(0);
    this.#quote = syntax.quote === '' ? -1 : syntax.quote.charCodeAt(0);
    this.#byBackslash = syntax.escape === '\\';
  }

  /** Returns the record that begins at `from`; undefined if its end is not in the buffer yet. */
  recordFrom(held: Buffer, from: number, ended: boolean): Found | undefined {
    let place: 'field start' | 'plain' | 'quoted' | 'after quote' = 'field start';
    let fields = 1;
    for (let at = from; at < held.length; at++) {
      const byte = held[at];
      if (place === 'quoted') {
        // Skips the bytes of a quoted text in one step.
        const quote = this.#closing(held, at);
        if (quote === -1) return withoutEnd(held, from, ended);
        at = quote;
        place = 'after quote';
      } else if (byte === LINE_FEED || byte === CARRIAGE_RETURN) {
        const end = lineEnd(held, at, ended);
        return end && { ...end, fields, problem: undefined };
      } else if (byte === this.#delimiter) {
        fields++;
        place = 'field start';
      } else if (byte === this.#quote && place !== 'plain') {
        // After a closing quote, this quote is the second of a pair.
        if (place === 'after quote' && held[at - 1] === BLANK) return behindQuote(held, from, at, ended);
        place = 'quoted';
      } else if (place === 'after quote') {
        if (byte !== BLANK) return behindQuote(held, from, at, ended);
      } else if (byte !== BLANK) place = 'plain';
    }
    if (place === 'quoted' || !ended) return withoutEnd(held, from, ended);
    return { end: held.length, next: held.length, fields, problem: undefined };
  }

  #closing(held: Buffer, from: number): number {
    let quote = held.indexOf(this.#quote, from);
    while (this.#byBackslash && quote !== -1 && isEscaped(held, from, quote)) {
      quote = held.indexOf(this.#quote, quote + 1);
    }
    return quote;
  }
}

function isEscaped(held: Buffer, from: number, at: number): boolean {
  let backslashes = 0;
  while (at - backslashes > from && held[at - backslashes - 1] === BACKSLASH) backslashes++;
  return backslashes % 2 === 1;
}

function behindQuote(held: Buffer, from: number, at: number, ended: boolean): Found | undefined {
  return toLineEnd(held, from, at, 'there is text after a closing quote', ended);
}

/** A bad record ends at the end of the line with the problem. */
function toLineEnd(held: Buffer, from: number, at: number, problem: string, ended: boolean): Found | undefined {
  const end = lineEnd(held, at, ended);
  if (end !== undefined) return { ...end, fields: 0, problem };
  if (!ended && held.length - from <= MAX_ROW_BYTES) return undefined;
  return { end: held.length, next: held.length, fields: 0, problem, open: !ended };
}

/** A record without an end: its first line is bad, and the next line is read as a new record. */
function withoutEnd(held: Buffer, from: number, ended: boolean): Found | undefined {
  if (!ended && held.length - from <= MAX_ROW_BYTES) return undefined;
  return toLineEnd(held, from, from, ended ? 'a quote is opened and never closed' : TOO_LONG, ended);
}

/** Returns the line end at `from` or after it; undefined if there is none, or if an LF may follow a CR at the end. */
function lineEnd(held: Buffer, from: number, ended: boolean): { end: number; next: number } | undefined {
  let at = from;
  while (at < held.length && held[at] !== LINE_FEED && held[at] !== CARRIAGE_RETURN) at++;
  if (at === held.length) return undefined;
  if (held[at] === LINE_FEED) return { end: at, next: at + 1 };
  if (at + 1 === held.length) return ended ? { end: at, next: at + 1 } : undefined;
  return { end: at, next: held[at + 1] === LINE_FEED ? at + 2 : at + 1 };
}

export function lineFeeds(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, at + 1)) count++;
  return count;
}
