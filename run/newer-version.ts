import type { z } from 'zod';

/**
 * An older version of Sluice met a message or a record that a newer version wrote, because there was a deploy between
 * them. The message or record is not at fault, so this is never a reason to record a failure. Whoever meets it leaves
 * it to the newer version.
 */
export class NewerVersionError extends Error {
  override readonly name = 'NewerVersionError';
}

/**
 * Returns whether a newer version wrote a value that doesn't fit a schema: the value's `v` is higher than any that the
 * schema accepts, or its only problems are keys that the schema doesn't know.
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

/** What doesn't fit in a message or a record, in one line. A person reads it in a log. */
export function issuesText(issues: readonly z.core.$ZodIssue[]): string {
  return issues.map(({ path, message }) => `${path.join('.') || '(root)'}: ${message}`).join('; ');
}
