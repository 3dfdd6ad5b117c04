/**
 * How deep JSON may be that others wrote: inputs, options, results. Whoever reads it reads it by recursion, and what ends one
 * reader's stack may pass another's: a run would begin on what its workers can't read.
 */
export const MOST_LEVELS = 100;

/** Whether JSON is nested deeper than that. Looks a level at a time: by recursion, the very depth would end the stack. */
export function isTooDeep(json: unknown): boolean {
  let level = [json];
  for (let depth = 0; depth <= MOST_LEVELS; depth++) {
    const containers = level.filter((value) => typeof value === 'object' && value !== null);
    if (containers.length === 0) return false;
    level = containers.flatMap((value) => Object.values(value as object));
  }
  return true;
}
