import { posix } from 'node:path';
import type { Entry } from './entry.ts';
import { entryPath } from './entry-name.ts';
import { ArchiveTooLargeError, NothingUnpackedError, UnsafeArchiveError } from './errors.ts';

/** What the Finder of macOS adds for each file, and files that Windows and macOS write for themselves. */
const OF_THE_SYSTEM = /^__MACOSX\/|(^|\/)(\.DS_Store|Thumbs\.db|desktop\.ini)$/;

export interface WantedEntry {
  /** The path with its folders, checked for safety. */
  readonly path: string;
  readonly entry: Entry;
}

/** An entry that is skipped, and why. */
export type Skipped = { name: string; reason: string };

/**
 * Selects the files of an archive that are to be unpacked. Folders are not files; links, devices and files of the
 * operating system are skipped by name.
 *
 * @param only patterns such as `*.csv`: other files are skipped. A pattern without a slash is compared only with the
 * file's name.
 * @param skip is called for each entry that is skipped.
 * @throws UnsafeArchiveError for a name that leads out of the archive, even of an entry that would be skipped, and for
 * a name that occurs twice; ArchiveTooLargeError beyond `maxEntries`; NothingUnpackedError if there are files and none
 * is wanted; the entry's own problem, such as EncryptedArchiveError.
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
        `the archive contains more than ${maxEntries} files; the option maxEntries takes up to ${MOST_ENTRIES}`,
      );
    }
    const path = entryPath(entry.name);
    const reason =
      entry.otherKind ??
      (OF_THE_SYSTEM.test(path) ? 'a file of the operating system' : undefined) ??
      (matches(path, only) ? undefined : 'not selected by the option only');
    if (reason !== undefined) {
      skip({ name: entry.name, reason });
      continue;
    }
    if (paths.has(path)) {
      throw new UnsafeArchiveError(
        `the archive contains ${JSON.stringify(path)} twice, and nothing tells which of the two is meant`,
      );
    }
    paths.add(path);
    if (entry.problem !== undefined) throw entry.problem;
    wanted++;
    yield { path, entry };
  }
  if (count > 0 && wanted === 0) {
    throw new NothingUnpackedError(
      `the archive has files (${count}), but none is to be unpacked${only.length > 0 ? ` by the option only: ${only.join(', ')}` : ''}`,
    );
  }
}

/** A worker records at most 20,000 outputs of an item. */
export const MOST_ENTRIES = 10_000;

function matches(path: string, only: readonly string[]): boolean {
  const isIt = (pattern: string) => posix.matchesGlob(pattern.includes('/') ? path : posix.basename(path), pattern);
  return only.length === 0 || only.some(isIt);
}
