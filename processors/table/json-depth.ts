const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/**
 * The deepest nesting of arrays and objects. DuckDB parses by recursion: a million levels (6 MB of input) end the whole
 * process with a segmentation fault.
 */
export const MAX_DEPTH = 200;

/** Follows the nesting of JSON through its bytes, in chunks of any size. */
export class JsonDepth {
  #depth = 0;
  #inString = false;
  #escaped = false;
  #members = 0;

  /** Members of all objects so far. A repeated key counts each time. */
  get members(): number {
    return this.#members;
  }

  /** @returns whether the JSON stays within MAX_DEPTH. */
  take(bytes: Buffer): boolean {
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at];
      if (this.#escaped) this.#escaped = false;
      else if (this.#inString) {
        if (byte === QUOTE) this.#inString = false;
        else if (byte === BACKSLASH) this.#escaped = true;
      } else if (byte === QUOTE) this.#inString = true;
      // [ and {, ] and } differ in one bit.
      else if (byte === 0x5b || byte === 0x7b) {
        if (++this.#depth > MAX_DEPTH) return false;
      } else if (byte === 0x5d || byte === 0x7d) this.#depth--;
      else if (byte === COLON) this.#members++;
    }
    return true;
  }
}
