const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/**
 * The deepest nesting of arrays and objects. DuckDB parses by recursion: a million levels (6 MB of input) end the whole
 * process with a segmentation fault.
 */
export const MAX_DEPTH = 200;

/**
 * Returns how many members all objects of a JSON text have, where a repeated key counts each time; undefined if the
 * text is nested deeper than MAX_DEPTH.
 */
export function countMembers(json: Buffer): number | undefined {
  let depth = 0;
  let members = 0;
  let inString = false;
  let escaped = false;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (escaped) escaped = false;
    else if (inString) {
      if (byte === QUOTE) inString = false;
      else if (byte === BACKSLASH) escaped = true;
    } else if (byte === QUOTE) inString = true;
    // [ and {, ] and } differ in one bit.
    else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > MAX_DEPTH) return undefined;
    } else if (byte === 0x5d || byte === 0x7d) depth--;
    else if (byte === COLON) members++;
  }
  return members;
}
