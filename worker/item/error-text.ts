import * as z from 'zod';
import { cut } from '#net/short-text.ts';
import { PermanentError } from '#processors/contract/permanent-error.ts';
import { NewerVersionError } from '#run/newer-version.ts';
import { PermanentTransferError } from '#transfer/index.ts';

const MAX_NAME = 200;
/** The record of a failure contains less text than this. */
const MAX_TEXT = 8_000;

/** An error in the form in which one process sends it to another. */
export const errorTextSchema = z.object({
  name: z.string().max(MAX_NAME),
  message: z.string().max(MAX_TEXT),
  stack: z.string().max(MAX_TEXT).optional(),
  /**
   * What happens to the item next: no further attempt helps against a permanent error; a newer version may be able to
   * do what this version can't.
   */
  kind: z.enum(['permanent', 'newer-version', 'other']),
});
export type ErrorText = z.infer<typeof errorTextSchema>;

/**
 * Makes text of limited length from any thrown value. It never throws, although the properties of the value may throw.
 */
export function textOfError(error: unknown): ErrorText {
  const kind = kindOf(error);
  try {
    if (!(error instanceof Error)) return { name: 'Error', message: cut(String(error), MAX_TEXT), kind };
    return {
      name: cut(String(error.name), MAX_NAME),
      message: cut(String(error.message), MAX_TEXT),
      ...(typeof error.stack === 'string' && { stack: cut(error.stack, MAX_TEXT) }),
      kind,
    };
  } catch {
    return { name: 'Error', message: 'an error that cannot be read', kind };
  }
}

function kindOf(error: unknown): ErrorText['kind'] {
  if (error instanceof PermanentError || error instanceof PermanentTransferError) return 'permanent';
  return error instanceof NewerVersionError ? 'newer-version' : 'other';
}

/**
 * Makes an error from the text, with what the runtime needs to decide: name, message, stack, and what happens to the
 * item next.
 */
export function errorOfText({ kind, name, message, stack }: ErrorText): Error {
  if (kind === 'newer-version') return new NewerVersionError(message);
  const error = kind === 'permanent' ? new PermanentError(message) : new Error(message);
  return Object.assign(error, { name, ...(stack !== undefined && { stack }) });
}
