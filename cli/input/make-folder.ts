import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/**
 * Creates a folder, and the folders above it that do not exist.
 *
 * Node's own `recursive` never ends where the system answers each attempt with ENOENT, as below /proc:
 * https://github.com/nodejs/node/issues/31481
 *
 * @throws the system's error; ENOTDIR if a part of the path is a file.
 */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  const missing: string[] = [];
  let at = resolve(path);
  while (!(await isMade(at, mode))) {
    missing.push(at);
    at = dirname(at);
  }
  for (const folder of missing.reverse()) {
    // The folder above exists now, so this attempt decides.
    if (!(await isMade(folder, mode))) throw systemError('ENOENT', folder, 'the system creates no folder there');
  }
}

/**
 * Returns the folder itself if it exists, otherwise the nearest one above it.
 *
 * @throws the system's error; ENOTDIR if a part of the path is a file.
 */
export async function existingFolder(path: string): Promise<string> {
  for (let at = resolve(path); ; at = dirname(at)) {
    try {
      if ((await stat(at)).isDirectory()) return at;
      throw systemError('ENOTDIR', at, 'the path is a file, not a folder');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(at) === at) throw error;
    }
  }
}

/** @returns false if the folder above is missing. */
async function isMade(folder: string, mode: number): Promise<boolean> {
  try {
    await mkdir(folder, { mode });
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && dirname(folder) !== folder) return false;
    // Some systems refuse a folder of a read-only disk with another error, although the folder exists.
    if (await isFolder(folder)) return true;
    if (code === 'EEXIST') throw systemError('ENOTDIR', folder, 'the path is a file, not a folder');
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function systemError(code: string, path: string, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${path}: ${message}`), { code, path });
}
