import { readFile } from 'node:fs/promises';
import { codeOf } from '#run/problem/problem.ts';
import { CommandError } from '../command-error.ts';
import { explain } from '../explain.ts';

/**
 * Makes an error of ours for a file that can't be read.
 *
 * @param option the option that named the file, if any.
 */
export function fileError(cause: unknown, file: string, option?: string): CommandError {
  const { detail, mend } = explain(cause);
  const words = detail.includes(file) ? detail : `${file}: ${detail}`;
  const message = option === undefined ? words : `${option} ${words}`;
  return new CommandError(codeOf(cause) ?? 'usage', message, { cause, mend });
}

/** Reads a file that the user named. @throws CommandError if it can't be read. */
export async function bytesOfFile(file: string, option?: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw fileError(cause, file, option);
  }
}

/** Reads a file that the user named as text, without a byte order mark. @throws CommandError if it can't be read. */
export async function textOfFile(file: string, option?: string): Promise<string> {
  return (await bytesOfFile(file, option)).toString('utf8').replace(/^\uFEFF/, '');
}
