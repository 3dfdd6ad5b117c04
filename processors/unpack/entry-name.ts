import { UnsafeArchiveError } from './errors.ts';

/** An output's name has at most 500 characters; the processor's own outputs for the object need some of them. */
const MAX_NAME = 400;

/**
 * Returns the path of a file in an archive, with its folders: `./a//b` becomes `a/b`.
 *
 * @throws UnsafeArchiveError for a name that leads out of the folder into which it is unpacked, on this or another
 * system.
 */
export function entryPath(name: string): string {
  const problem = problemOf(name);
  if (problem !== undefined) {
    throw new UnsafeArchiveError(`the archive contains ${JSON.stringify(name.slice(0, 200))}: ${problem}`);
  }
  const path = partsOf(name).join('/');
  if (outputName(path).length > MAX_NAME) {
    throw new UnsafeArchiveError(
      `the archive contains ${JSON.stringify(name.slice(0, 200))}…: a name takes at most ${MAX_NAME} characters, percent-encoded`,
    );
  }
  return path;
}

function problemOf(name: string): string | undefined {
  if (name.includes('\0')) return 'a name takes no NUL';
  if (name.startsWith('/')) return 'an absolute name leads out of the archive';
  if (/^[a-z]:/i.test(name)) return "a drive's letter leads out of the archive";
  // Windows treats a backslash like a slash.
  if (name.split(/[/\\]/).includes('..')) return '".." leads out of the archive';
  return partsOf(name).length === 0 ? 'a file needs a name' : undefined;
}

function partsOf(name: string): string[] {
  return name.split('/').filter((part) => part !== '' && part !== '.');
}

/**
 * Returns the path with only the characters that an output's name may have; all others are percent-encoded. Two paths
 * never become the same name.
 */
export function outputName(path: string): string {
  return path
    .split('/')
    .map((part) =>
      encodeURIComponent(part.toWellFormed())
        .replaceAll('%3D', '=')
        .replaceAll(/[!'()*~]|^\./g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`),
    )
    .join('/');
}
