import { isUtf8 } from 'node:buffer';
import type { Row } from './row.ts';

/** DuckDB's own limit for one row. */
export const MAX_ROW_BYTES = 2_000_000;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const QUOTE = 0x22;

const TOO_LONG = `the row is longer than ${MAX_ROW_BYTES} bytes`;

/** Where the bytes of one record lie. */
interface Found {
  /** Behind its last byte, and where the next one begins. */
  readonly end: number;
  readonly next: number;
  readonly fields: number;
  readonly problem: string | undefined;
  /** The rest of its line is still to come, and belongs to nothing. */
  readonly open?: boolean;
}

/**
 * Divides delimited UTF-8 text into records, strictly by RFC 4180: a quote opens a field only at its beginning, closes it
 * only before a delimiter or a line end, and is doubled within. Lines end in LF, CRLF or CR, also mixed. Empty lines are
 * no records.
 *
 * Own code, because each reader that was tried hides rows or holds them: DuckDB's `store_rejects` keeps every bad value in
 * memory outside its limit (9.5 GB for a file of 200 MB whose types didn't fit), its lenient mode cuts surplus fields off
 * in silence, and its strict one refuses a file with mixed line ends.
 *
 * After a bad record it goes on at the next line, so a quote that never closes costs that line and not the rest.
 */
export async function* csvRows(source: AsyncGenerator<Buffer>, delimiter: string): AsyncGenerator<Row[]> {
  const separator = delimiter.charCodeAt(0);
  let held: Buffer = Buffer.alloc(0);
  let line = 1;
  let skipping = false;
  // A record that wasn't whole is looked at again when there is twice as much, so that long ones cost no square.
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
      if (skipping) {
        const end = lineEnd(held, at, ended);
        at = end?.next ?? held.length;
        skipping = end === undefined;
        line += skipping ? 0 : 1;
        continue;
      }
      const found = recordFrom(held, at, separator, ended) ?? withoutEnd(held, at, ended);
      if (found === undefined) break;
      const bytes = held.subarray(at, found.end);
      let { problem } = found;
      if (bytes.length > MAX_ROW_BYTES) problem ??= TOO_LONG;
      if (!allUtf8 && !isUtf8(bytes)) problem ??= 'the row is no valid UTF-8';
      if (problem !== undefined) rows.push({ line, bytes, fields: 0, problem });
      else if (bytes.length > 0) rows.push({ line, bytes, fields: found.fields, problem });
      skipping = found.open === true;
      line += lineFeeds(bytes) + (skipping ? 0 : 1);
      at = found.next;
    }
    held = held.subarray(at);
    enough = Math.min(held.length * 2, MAX_ROW_BYTES + 2);
    if (rows.length > 0) yield rows;
  }
}

/** The record that begins at `from`; undefined where its end isn't there yet. */
function recordFrom(held: Buffer, from: number, separator: number, ended: boolean): Found | undefined {
  let place: 'field start' | 'plain' | 'quoted' | 'after quote' = 'field start';
  let fields = 1;
  for (let at = from; at < held.length; at++) {
    const byte = held[at];
    if (place === 'quoted') {
      // The bytes of a quoted text are passed by at once.
      const quote = held.indexOf(QUOTE, at);
      if (quote === -1) return undefined;
      at = quote;
      place = 'after quote';
    } else if (byte === LINE_FEED || byte === CARRIAGE_RETURN) {
      const end = lineEnd(held, at, ended);
      return end && { ...end, fields, problem: undefined };
    } else if (byte === separator) {
      fields++;
      place = 'field start';
    } else if (byte === QUOTE) {
      if (place === 'plain') return toLineEnd(held, from, at, 'a quote stands within an unquoted field', ended);
      place = 'quoted';
    } else if (place === 'after quote') {
      return toLineEnd(held, from, at, 'text stands behind a closing quote', ended);
    } else place = 'plain';
  }
  if (!ended || place === 'quoted') return undefined;
  return { end: held.length, next: held.length, fields, problem: undefined };
}

/** A bad record ends with the line on which it shows. */
function toLineEnd(held: Buffer, from: number, at: number, problem: string, ended: boolean): Found | undefined {
  const end = lineEnd(held, at, ended);
  if (end !== undefined) return { ...end, fields: 0, problem };
  if (!ended && held.length - from <= MAX_ROW_BYTES) return undefined;
  return { end: held.length, next: held.length, fields: 0, problem, open: !ended };
}

/** A record whose end doesn't come: its first line is bad, and the next line is looked at as a record again. */
function withoutEnd(held: Buffer, from: number, ended: boolean): Found | undefined {
  if (!ended && held.length - from <= MAX_ROW_BYTES) return undefined;
  return toLineEnd(held, from, from, ended ? 'a quote is opened and never closed' : TOO_LONG, ended);
}

/** The line end at `from` or behind it; undefined where there is none, or a last CR may yet get its LF. */
function lineEnd(held: Buffer, from: number, ended: boolean): { end: number; next: number } | undefined {
  for (let at = from; at < held.length; at++) {
    if (held[at] === LINE_FEED) return { end: at, next: at + 1 };
    if (held[at] !== CARRIAGE_RETURN) continue;
    if (at + 1 === held.length) return ended ? { end: at, next: at + 1 } : undefined;
    return { end: at, next: held[at + 1] === LINE_FEED ? at + 2 : at + 1 };
  }
  return undefined;
}

function lineFeeds(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_FEED); at !== -1; at = bytes.indexOf(LINE_FEED, at + 1)) count++;
  return count;
}
