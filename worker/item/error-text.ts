import * as z from 'zod';
import { PermanentError } from '#processors/contract/permanent-error.ts';
import { NewerVersionError } from '#run/newer-version.ts';
import { PermanentTransferError } from '#transfer/index.ts';

const MAX_NAME = 200;
/** A failure's record holds less of it. */
const MAX_TEXT = 8_000;

/** An error as it goes from one process to another. */
export const errorTextSchema = z.object({
  name: z.string().max(MAX_NAME),
  message: z.string().max(MAX_TEXT),
  stack: z.string().max(MAX_TEXT).optional(),
  /** What becomes of the item: no further try mends a permanent error, and a newer version may do what this one can't. */
  kind: z.enum(['permanent', 'newer-version', 'other']),
});
export type ErrorText = z.infer<typeof errorTextSchema>;

/** An error of another process, under its own name there. */
class ItemError extends Error {
  override readonly name: string;

  constructor({ name, message, stack }: ErrorText) {
    super(message);
    this.name = name;
    if (stack !== undefined) this.stack = stack;
  }
}

/** The same, where no further try mends it. */
class PermanentItemError extends PermanentError {
  override readonly name: string;

  constructor({ name, message, stack }: ErrorText) {
    super(message);
    this.name = name;
    if (stack !== undefined) this.stack = stack;
  }
}

/** Whatever was thrown, as text of a bounded length. Never throws, though the error's own properties may. */
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

/** The error again, as far as those who decide on it need it: name, message, stack, and what becomes of the item. */
export function errorOfText(text: ErrorText): Error {
  if (text.kind === 'newer-version') return new NewerVersionError(text.message);
  return text.kind === 'permanent' ? new PermanentItemError(text) : new ItemError(text);
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
