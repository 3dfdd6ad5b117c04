import { isUtf8 } from 'node:buffer';
import { JsonDepth, MAX_DEPTH } from './json-depth.ts';
import type { Row } from './row.ts';

/** DuckDB's own limit for one object. */
export const MAX_OBJECT_BYTES = 16_777_216;

const LINE_FEED = 0x0a;
/** Half of a pair that stands for one character. JavaScript takes it alone, DuckDB and UTF-8 don't. */
const LONE_SURROGATE = /(?<!\\)(?:\\\\)*\\u[dD][89a-fA-F]/;

/**
 * Divides JSON Lines into rows, and says of each what DuckDB would stumble over: its own `ignore_errors` makes a row of
 * nulls of a bad line, and counts none. Blank lines are no rows.
 */
export async function* jsonRows(source: AsyncGenerator<Buffer>): AsyncGenerator<Row[]> {
  let pieces: Buffer[] = [];
  let length = 0;
  let line = 1;
  const take = (last: Buffer): Row | undefined => {
    const tooLong = length + last.length > MAX_OBJECT_BYTES;
    const bytes = trimmed(pieces.length === 0 ? last : Buffer.concat([...pieces, last]));
    const problem = tooLong ? `the line is longer than ${MAX_OBJECT_BYTES} bytes` : problemOf(bytes);
    pieces = [];
    length = 0;
    return bytes.length === 0 ? undefined : { line, bytes, fields: 0, problem };
  };
  for await (const chunk of source) {
    const rows: Row[] = [];
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, from)) {
      const row = take(chunk.subarray(from, end));
      if (row !== undefined) rows.push(row);
      line++;
      from = end + 1;
    }
    const rest = chunk.subarray(from);
    // Of a line that is too long, the beginning is enough.
    if (length <= MAX_OBJECT_BYTES && rest.length > 0) pieces.push(rest);
    length += rest.length;
    if (rows.length > 0) yield rows;
  }
  const last = take(Buffer.alloc(0));
  if (last !== undefined) yield [last];
}

function problemOf(bytes: Buffer): string | undefined {
  if (bytes.length === 0) return undefined;
  if (!isUtf8(bytes)) return 'the line is no valid UTF-8';
  const nesting = new JsonDepth();
  if (!nesting.take(bytes)) return `the line is nested deeper than ${MAX_DEPTH} levels`;
  const text = bytes.toString();
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `the line is not JSON: ${(error as Error).message}`;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'the line is no JSON object';
  // JavaScript keeps the last of several; DuckDB refuses the whole file.
  if (membersOf(value) < nesting.members) return 'a key stands twice in one object';
  // What is whole is no escape any more when it is written again.
  if (LONE_SURROGATE.test(text) && LONE_SURROGATE.test(JSON.stringify(value)))
    return 'half a surrogate pair stands alone';
  return undefined;
}

function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let members = Array.isArray(value) ? 0 : Object.keys(value).length;
  for (const each of Object.values(value)) members += membersOf(each);
  return members;
}

function trimmed(bytes: Buffer): Buffer {
  let from = 0;
  let to = bytes.length;
  while (from < to && isBlank(bytes[from])) from++;
  while (to > from && isBlank(bytes[to - 1])) to--;
  return bytes.subarray(from, to);
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}
