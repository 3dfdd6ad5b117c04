import { posix } from 'node:path';
import type { Entry } from './entry.ts';
import { entryPath } from './entry-name.ts';
import { ArchiveTooLargeError, NothingUnpackedError, UnsafeArchiveError } from './errors.ts';

/** What the Finder of macOS packs beside each file, and files that Windows and macOS keep for themselves. */
const OF_THE_SYSTEM = /^__MACOSX\/|(^|\/)(\.DS_Store|Thumbs\.db|desktop\.ini)$/;

export interface WantedEntry {
  /** With its folders, and safe. */
  readonly path: string;
  readonly entry: Entry;
}

/** An entry that is passed by, and why. */
export type Skipped = { name: string; reason: string };

/**
 * The files of an archive that are to be unpacked. Folders are no files; links, devices and files of the operating system are skipped by name.
 *
 * @param only patterns such as `*.csv`: other files are skipped. One without a slash is held against the file's name alone.
 * @param skip is called for each entry that is passed by.
 * @throws UnsafeArchiveError for a name that leads out of the archive, also where the entry would be skipped, and for a name that stands
 *   twice; ArchiveTooLargeError beyond `maxEntries`; NothingUnpackedError where there are files and none is wanted; the entry's own
 *   problem, such as EncryptedArchiveError.
 */
export async function* wantedEntries(
  entries: AsyncIterable<Entry>,
  { only, maxEntries }: { readonly only: readonly string[]; readonly maxEntries: number },
  skip: (skipped: Skipped) => void,
): AsyncGenerator<WantedEntry> {
  const paths = new Set<string>();
  let count = 0;
  let wanted = 0;
  for await (const entry of entries) {
    if (entry.otherKind === 'a folder') continue;
    if (++count > maxEntries) {
      throw new ArchiveTooLargeError(
        `the archive holds more than ${maxEntries} files; the option maxEntries takes up to ${MOST_ENTRIES}`,
      );
    }
    const path = entryPath(entry.name);
    const reason =
      entry.otherKind ??
      (OF_THE_SYSTEM.test(path) ? 'a file of the operating system' : undefined) ??
      (matches(path, only) ? undefined : 'not named by the option only');
    if (reason !== undefined) {
      skip({ name: entry.name, reason });
      continue;
    }
    if (paths.has(path)) {
      throw new UnsafeArchiveError(`the archive holds ${JSON.stringify(path)} twice: which is meant can't be told`);
    }
    paths.add(path);
    if (entry.problem !== undefined) throw entry.problem;
    wanted++;
    yield { path, entry };
  }
  if (count > 0 && wanted === 0) {
    throw new NothingUnpackedError(
      `none of the ${count} files in the archive is one to unpack${only.length > 0 ? ` by the option only: ${only.join(', ')}` : ''}`,
    );
  }
}

/** A worker records at most 20,000 outputs of an item. */
export const MOST_ENTRIES = 10_000;

function matches(path: string, only: readonly string[]): boolean {
  const isIt = (pattern: string) => posix.matchesGlob(pattern.includes('/') ? path : posix.basename(path), pattern);
  return only.length === 0 || only.some(isIt);
}
