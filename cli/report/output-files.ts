import { basename, dirname } from 'node:path';

/**
 * The file of each output, as a path below one folder. Outputs of a partitioned table have the same name in different
 * folders, so the path begins behind the folder that all keys share.
 */
export function outputFiles(keys: readonly string[]): ReadonlyMap<string, string> {
  const folders = keys.map((key) => dirname(key).split('/'));
  const [first = []] = folders;
  const at = first.findIndex((segment, index) => folders.some((folder) => folder[index] !== segment));
  const shared = at < 0 ? first.length : at;
  return new Map(
    keys.map((key) => {
      const path = key.split('/').slice(shared);
      // Records are somebody's words: nothing is written outside the folder.
      return [key, path.some((segment) => /^\.{0,2}$/.test(segment)) ? basename(key) : path.join('/')];
    }),
  );
}
