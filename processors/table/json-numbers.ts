import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/** Matches every number that a DOUBLE can round: many digits, or a large exponent. */
const MAY_ROUND = /\d[\d.]{16,}|\d[eE][+-]?\d{3}/;
const STRING = /"(?:[^"\\]|\\.)*"/g;
/** The numbers to look at. Of an integer, DuckDB keeps each digit. */
const LONG_NUMBER = /-?\d[\d.]{16,}(?:[eE][+-]?\d+)?|-?\d[\d.]*[eE][+-]?\d+/g;
const WRITE_BYTES = 1_048_576;
const LINE_FEED = 0x0a;

/** How the value of a key is written as a text: a number, or a string as its content; or all of it as JSON. */
export type Wrapping = 'plain' | 'json';

/** Returns whether a value of JSON needs a closer look. */
export function mayRound(text: string): boolean {
  return MAY_ROUND.test(text);
}

/** Returns whether JSON contains a number, such as `0.12345678901234567890`, that a DOUBLE would round. */
export function holdsRounded(json: string): boolean {
  if (!mayRound(json)) return false;
  const isSome = (text: string): boolean => text.match(LONG_NUMBER)?.some(isRounded) ?? false;
  // Most rows need no look at what is a string.
  return isSome(json) && isSome(json.replace(STRING, '""'));
}

/** Returns whether JSON is a number that DuckDB would write in another way, such as `1.10` or `1e5`. */
export function isFraction(json: string): boolean {
  return /^-?\d+[.eE]/.test(json);
}

function isRounded(number: string): boolean {
  if (!/[.eE]/.test(number)) return false;
  const double = Number(number);
  if (String(double) === number) return false;
  return !Number.isFinite(double) || significant(number) !== significant(String(double));
}

function significant(number: string): string {
  const [digits = ''] = number.toLowerCase().replace(/[-.]/g, '').split('e');
  return digits.replace(/^0+|0+$/g, '');
}

/** The members of an object, which must be whole JSON: each key, and its value as it is written. */
export function* membersOf(object: string): Generator<{ readonly key: string; readonly value: string }> {
  let at = object.indexOf('{') + 1;
  while (true) {
    const quote = object.indexOf('"', at);
    if (quote === -1) return;
    const behindKey = behindString(object, quote);
    const key = JSON.parse(object.slice(quote, behindKey)) as string;
    const from = object.indexOf(':', behindKey) + 1;
    at = behindValue(object, from);
    yield { key, value: object.slice(from, at).trim() };
    at++;
  }
}

function behindString(text: string, quote: number): number {
  for (let at = quote + 1; ; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at + 1;
  }
}

/** The position of the comma or the closing brace after a value. */
function behindValue(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (character === '"') at = behindString(text, at) - 1;
    else if (character === '{' || character === '[') depth++;
    else if (depth === 0 && (character === ',' || character === '}')) return at;
    else if (character === '}' || character === ']') depth--;
  }
  return text.length;
}

/**
 * Rewrites lines of JSON with the values of some keys as texts: DuckDB 1.5.6 reads each fraction as a DOUBLE first,
 * even if another type is requested, and so loses digits.
 *
 * @param whole wraps each line as the one member `json`.
 * @returns the bytes of the longest line.
 */
export async function writeAsTexts(
  file: string,
  target: string,
  wrappings: ReadonlyMap<string, Wrapping>,
  whole: boolean,
): Promise<number> {
  let longest = 0;
  const rewritten = async function* (): AsyncGenerator<string> {
    let held = '';
    for await (const line of linesOf(file)) {
      const written = `${whole ? JSON.stringify({ json: line }) : wrapped(line, wrappings)}\n`;
      longest = Math.max(longest, Buffer.byteLength(written));
      held += written;
      if (held.length <= WRITE_BYTES) continue;
      yield held;
      held = '';
    }
    yield held;
  };
  await pipeline(rewritten, createWriteStream(target));
  return longest;
}

/** Node's readline divides at U+2028 too, which a text in JSON may contain. */
async function* linesOf(file: string): AsyncGenerator<string> {
  let pieces: Buffer[] = [];
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, from)) {
      yield Buffer.concat([...pieces, chunk.subarray(from, end)]).toString();
      pieces = [];
      from = end + 1;
    }
    if (from < chunk.length) pieces.push(chunk.subarray(from));
  }
}

function wrapped(line: string, wrappings: ReadonlyMap<string, Wrapping>): string {
  const members = [...membersOf(line)].map(({ key, value }) => {
    const wrapping = wrappings.get(key);
    const isText = wrapping === undefined || value === 'null' || (wrapping === 'plain' && value.startsWith('"'));
    return `${JSON.stringify(key)}:${isText ? value : JSON.stringify(value)}`;
  });
  return `{${members.join(',')}}`;
}
