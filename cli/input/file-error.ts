import { codeOf } from '#run/problem/problem.ts';
import { CommandError } from '../command-error.ts';
import { explain } from '../explain.ts';

/**
 * A file that a person named can't be read: the same error in our words.
 *
 * @param option the option that named it, where one did.
 */
export function fileError(cause: unknown, file: string, option?: string): CommandError {
  const { detail, mend } = explain(cause);
  const words = detail.includes(file) ? detail : `${file}: ${detail}`;
  const message = option === undefined ? words : `${option} ${words}`;
  return new CommandError(codeOf(cause) ?? 'usage', message, { cause, mend });
}
