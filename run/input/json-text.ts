/**
 * Parses a text as JSON, and returns undefined if it is not JSON. It is for texts of other programs, which a schema
 * checks next.
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
