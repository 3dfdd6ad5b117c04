import type { z } from 'zod';

/**
 * An older version of Sluice has received a message, or read a record, that a newer version wrote, because there was a
 * deploy between them. Nothing is wrong with the message or record, so the older version records no failure. A worker
 * returns such a message to the queue, for a worker of the newer version.
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
