import { access, constants, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { CommandError } from '../command-error.ts';
import { fileError } from './file-error.ts';

/**
 * Checks that a file can be written, before the work whose result it receives.
 *
 * @param option the option that names the file.
 * @throws CommandError if its folder is missing or can't be written, or the path is a folder.
 */
export async function checkOutputFile(file: string, option: string): Promise<void> {
  const folder = dirname(resolve(file));
  await access(folder, constants.W_OK).catch((cause: unknown) => {
    throw fileError(cause, folder, option);
  });
  const found = await stat(file).catch(() => undefined);
  if (found?.isDirectory())
    throw new CommandError('is-a-folder', `${option} ${file}: the path is a folder, not a file`);
}

/**
 * Checks that a file does not exist, before the work whose result it receives.
 *
 * @throws CommandError if it exists.
 */
export async function checkNewFile(file: string, option: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found !== undefined) throw new CommandError('file-exists', `${option} ${file} exists already`);
}
