import type { z } from 'zod';

/**
 * A message or a record of a newer version of Sluice, met by an older one: a deploy came between them. There is nothing
 * wrong with it, so it is never a reason to record a failure. Whoever meets it leaves it to the newer version.
 */
export class NewerVersionError extends Error {
  override readonly name = 'NewerVersionError';
}

/**
 * Whether a value that doesn't fit a schema was written by a newer version: its `v` is higher than any that the schema
 * takes, or all that is wrong with it are keys that the schema doesn't know.
 *
 * @param issues what the schema found.
 */
export function isOfNewerVersion(value: unknown, issues: readonly z.core.$ZodIssue[]): boolean {
  if (issues.length > 0 && issues.every(({ code }) => code === 'unrecognized_keys')) return true;
  const v = (value as { v?: unknown } | null)?.v;
  if (!Number.isInteger(v)) return false;
  return issues.some(
    (issue) =>
      issue.code === 'invalid_value' &&
      issue.path.length === 1 &&
      issue.path[0] === 'v' &&
      issue.values.every((known) => Number(v) > Number(known)),
  );
}
