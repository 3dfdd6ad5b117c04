import { codeOf } from '#run/problem/problem.ts';
import { CommandError } from '../command-error.ts';
import { explain } from '../explain.ts';

/** A file that a person named can't be read: the same error in our words. @param option names it, where an option did. */
export function fileError(cause: unknown, option?: string): CommandError {
  const { detail, mend } = explain(cause);
  const message = option === undefined ? detail : `${option}: ${detail}`;
  return new CommandError(codeOf(cause) ?? 'usage', message, { cause, mend });
}
