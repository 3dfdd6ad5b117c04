import { lookAtJson } from './json-problem.ts';
import type { JsonRow } from './row.ts';

const LINE_FEED = 0x0a;

/** Divides JSON Lines into rows, and gives the reason for each bad one. Blank lines are not rows. */
export async function* jsonLines(source: AsyncGenerator<Buffer>, maxBytes: number): AsyncGenerator<JsonRow[]> {
  let pieces: Buffer[] = [];
  let length = 0;
  let line = 1;
  const take = (last: Buffer): JsonRow | undefined => {
    const tooLong = length + last.length > maxBytes;
    const bytes = trimmed(pieces.length === 0 ? last : Buffer.concat([...pieces, last]));
    pieces = [];
    length = 0;
    if (bytes.length === 0) return undefined;
    if (tooLong)
      return { line, bytes, problem: `the line is longer than ${maxBytes} bytes`, keys: undefined, mayRound: false };
    const { problem, keys, mayRound } = lookAtJson(bytes);
    if (problem !== undefined) return { line, bytes, problem: `the line is bad: ${problem}`, keys, mayRound };
    return { line, bytes, problem: keys === undefined ? 'the line is not a JSON object' : undefined, keys, mayRound };
  };
  for await (const chunk of source) {
    const rows: JsonRow[] = [];
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, from)) {
      const row = take(chunk.subarray(from, end));
      if (row !== undefined) rows.push(row);
      line++;
      from = end + 1;
    }
    const rest = chunk.subarray(from);
    // For a line that is too long, the beginning is enough.
    if (length <= maxBytes && rest.length > 0) pieces.push(rest);
    length += rest.length;
    if (rows.length > 0) yield rows;
  }
  const last = take(Buffer.alloc(0));
  if (last !== undefined) yield [last];
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
