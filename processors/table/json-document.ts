import { InputTooLargeError, MalformedInputError } from './errors.ts';
import { MAX_DEPTH } from './json-depth.ts';
import { lookAtJson } from './json-problem.ts';
import type { JsonRow } from './row.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const LINE_FEED = 0x0a;

/** The shape of a document, known after all of it was read. */
export interface DocumentShape {
  /** `jsonl` if several values follow each other. */
  format: 'json' | 'jsonl';
}

/**
 * Divides a JSON document into rows: the elements of its array, or the values that follow each other. It reads one
 * value at a time, so a document may have any size and a value up to `maxBytes`.
 *
 * This is our own code, because DuckDB 1.5.6 accepts `[{"a":1},` and `{"a":1,}` as complete, which a writer that died
 * leaves.
 *
 * @throws MalformedInputError if it is not JSON or incomplete; InputTooLargeError for a longer value.
 */
export async function* jsonDocument(
  source: AsyncGenerator<Buffer>,
  maxBytes: number,
  shape: DocumentShape,
): AsyncGenerator<JsonRow[]> {
  const splitter = new ValueSplitter(maxBytes, shape);
  for await (const chunk of source) {
    const rows = splitter.take(chunk);
    if (rows.length > 0) yield rows;
  }
  const rows = splitter.end();
  if (rows.length > 0) yield rows;
}

class ValueSplitter {
  readonly #maxBytes: number;
  readonly #shape: DocumentShape;
  /**
   * What may come next. `value`: a value, or the array's end after its beginning; `comma`: a comma or the end; `over`:
   * nothing.
   */
  #wants: 'document' | 'first value' | 'value' | 'comma' | 'over' = 'document';
  #isArray = false;
  #values = 0;
  #line = 1;
  /** The kind of the value that is open. */
  #kind: 'nested' | 'string' | 'plain' | undefined;
  #valueLine = 1;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #pieces: Buffer[] = [];
  #length = 0;

  constructor(maxBytes: number, shape: DocumentShape) {
    this.#maxBytes = maxBytes;
    this.#shape = shape;
  }

  take(chunk: Buffer): JsonRow[] {
    const rows: JsonRow[] = [];
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (byte === LINE_FEED) this.#line++;
      if (this.#kind === undefined) {
        if (isBlank(byte)) continue;
        if (!this.#begin(byte)) continue;
        from = at;
      }
      const end = this.#endOf(byte, at);
      if (end === undefined) continue;
      this.#hold(chunk.subarray(from, end));
      rows.push(this.#finish());
      if (end === at) {
        // A plain value ends before the byte that shows its end, and that byte is read again.
        if (byte === LINE_FEED) this.#line--;
        at--;
      }
    }
    if (this.#kind !== undefined) this.#hold(chunk.subarray(from));
    return rows;
  }

  end(): JsonRow[] {
    const rows = this.#kind === 'plain' ? [this.#finish()] : [];
    const isWhole = this.#isArray ? this.#wants === 'over' : this.#kind === undefined && this.#values > 0;
    if (!isWhole) throw new MalformedInputError(`the JSON is incomplete: it ends in line ${this.#line}`);
    this.#shape.format = this.#isArray || this.#values === 1 ? 'json' : 'jsonl';
    return rows;
  }

  /** Returns whether a value begins with this byte. It also consumes the bytes between values. */
  #begin(byte: number): boolean {
    if (this.#wants === 'document' && byte === OPEN_ARRAY) {
      this.#isArray = true;
      this.#wants = 'first value';
      return false;
    }
    if (this.#isArray) {
      if (byte === CLOSE_ARRAY && (this.#wants === 'first value' || this.#wants === 'comma')) {
        this.#wants = 'over';
        return false;
      }
      if (byte === COMMA && this.#wants === 'comma') {
        this.#wants = 'value';
        return false;
      }
      if (this.#wants === 'comma' || this.#wants === 'over') throw this.#malformed(byte);
    }
    if (byte === COMMA || byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) throw this.#malformed(byte);
    this.#kind = byte === OPEN_OBJECT || byte === OPEN_ARRAY ? 'nested' : byte === QUOTE ? 'string' : 'plain';
    this.#valueLine = this.#line;
    this.#depth = 0;
    this.#inString = false;
    this.#escaped = false;
    return true;
  }

  /** Returns where the open value ends: after this byte, before it, or not yet. */
  #endOf(byte: number, at: number): number | undefined {
    if (this.#kind === 'plain') {
      const ends = isBlank(byte) || byte === COMMA || byte === CLOSE_ARRAY || byte === OPEN_OBJECT;
      return ends ? at : undefined;
    }
    if (this.#escaped) this.#escaped = false;
    else if (this.#inString) {
      if (byte === BACKSLASH) this.#escaped = true;
      else if (byte === QUOTE) {
        this.#inString = false;
        if (this.#kind === 'string') return at + 1;
      }
    } else if (byte === QUOTE) this.#inString = true;
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      if (++this.#depth > MAX_DEPTH) {
        throw new MalformedInputError(`the JSON is nested deeper than ${MAX_DEPTH} levels, in line ${this.#line}`);
      }
    } else if ((byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) && --this.#depth === 0) return at + 1;
    return undefined;
  }

  #hold(bytes: Buffer): void {
    this.#pieces.push(bytes);
    this.#length += bytes.length;
    if (this.#length > this.#maxBytes) {
      throw new InputTooLargeError(
        `value ${this.#values + 1} of the JSON is longer than the ${Math.floor(this.#maxBytes / 1_048_576)} MiB that the item's share of memory has room for; raise workers.memoryMiB, or let the source write an array or JSON Lines of smaller values`,
      );
    }
  }

  #finish(): JsonRow {
    // A line feed is only valid between tokens, so removing line feeds puts each value on one line.
    const raw = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#length = 0;
    this.#kind = undefined;
    this.#values++;
    this.#wants = this.#isArray ? 'comma' : 'value';
    const { problem, isBroken, keys, mayRound } = lookAtJson(raw);
    if (isBroken) throw new MalformedInputError(`the JSON is malformed in value ${this.#values}: ${problem}`);
    for (let at = 0; at < raw.length; at++) if (raw[at] === LINE_FEED || raw[at] === 0x0d) raw[at] = 0x20;
    return { line: this.#valueLine, bytes: raw, problem, keys, mayRound };
  }

  #malformed(byte: number): MalformedInputError {
    return new MalformedInputError(
      `the JSON is malformed in value ${Math.max(this.#values, 1)}: unexpected ${JSON.stringify(String.fromCharCode(byte))} in line ${this.#line}`,
    );
  }
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === LINE_FEED || byte === 0x0d || byte === 0x09;
}
