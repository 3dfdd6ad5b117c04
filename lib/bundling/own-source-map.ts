import { dirname, relative, resolve } from 'node:path';
import { decode, encode } from '@jridgewell/sourcemap-codec';

interface SourceMap {
  readonly sources: readonly string[];
  readonly mappings: string;
}

/**
 * Takes out of a source map what belongs to npm packages, and all names: of Open's maps 1.6 MB become a fifth. A stack
 * then shows the lines of our own modules, and the bundle's positions for all others.
 *
 * @param text the map as esbuild writes it.
 * @param file where esbuild would write it: its sources are relative to that folder.
 * @param roots the folders that the names of sources become relative to, so that a map is the same in every clone. A
 * source that is in none of them, or in a package inside of it, is left out.
 */
export function ownSourceMap(text: string, file: string, roots: readonly string[]): string {
  const { sources, mappings } = JSON.parse(text) as SourceMap;
  const names = sources.map((source) => {
    // Some packages name their sources by URLs.
    if (source.includes('://')) return undefined;
    const path = resolve(dirname(file), source);
    return roots.map((root) => relative(root, path).replaceAll('\\', '/')).find(isOwn);
  });
  const kept = names.filter((name) => name !== undefined);
  const numbers = names.map((name) => (name === undefined ? -1 : kept.indexOf(name)));
  const lines = decode(mappings).map((segments) => {
    let inside = false;
    return segments.flatMap((segment): ([number] | [number, number, number, number])[] => {
      const [column, source = -1, line = 0, sourceColumn = 0] = segment;
      const number = numbers[source] ?? -1;
      const was = inside;
      inside = number >= 0;
      if (inside) return [[column, number, line, sourceColumn]];
      // Without it, the last position of our code would also apply to all code after it.
      return was ? [[column]] : [];
    });
  });
  return JSON.stringify({ version: 3, sources: kept, names: [], mappings: encode(lines) });
}

const isOwn = (name: string): boolean => !name.startsWith('..') && !name.includes('node_modules/');
