/**
 * The deepest nesting that is accepted in JSON from outside: inputs, options, results. JSON parsers are recursive, and
 * a depth that one reader can parse may overflow the stack of another. A run could otherwise begin with an input that
 * its workers can't read.
 */
export const MOST_LEVELS = 100;

/**
 * Returns whether JSON is nested deeper than `MOST_LEVELS`. It checks level by level: a recursive check would overflow
 * the stack itself.
 */
export function isTooDeep(json: unknown): boolean {
  let level = [json];
  for (let depth = 0; depth <= MOST_LEVELS; depth++) {
    const containers = level.filter((value) => typeof value === 'object' && value !== null);
    if (containers.length === 0) return false;
    level = containers.flatMap((value) => Object.values(value as object));
  }
  return true;
}
