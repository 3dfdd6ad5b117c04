/**
 * The text before the map in the last line of a bundle that is a single file. The map is JSON, by Brotli, by base64.
 */
export const MAP_COMMENT = '//# sluice-map=';
/** A position in a file of the bundle, as V8 writes it into a stack. */
const POSITION = /(file:\/\/[^\s()]+\.mjs):(\d+):(\d+)/g;
/** A limit deeper than any chain of our errors, so that a circular chain ends too. */
const MOST_CAUSES = 8;

type SourceMap = InstanceType<typeof import('node:module').SourceMap>;
/** By the file's URL; undefined for a file without a map. */
const maps = new Map<string, SourceMap | undefined>();

/**
 * Rewrites the stacks of an error and of its causes, so that they name the TypeScript files and lines instead of
 * positions in the bundle. The maps lie beside the functions' files, and in the last line of the worker's. They are
 * read here for the first time: a start and a call that succeeds never read one. Node's own `--enable-source-maps`
 * reads and parses them while the bundle is loaded.
 */
export function showSourceLines(error: unknown, depth = 0): void {
  if (!(error instanceof Error) || depth > MOST_CAUSES) return;
  if (typeof error.stack === 'string') error.stack = error.stack.replace(POSITION, sourcePosition);
  showSourceLines(error.cause, depth + 1);
  if (error instanceof AggregateError) for (const one of error.errors) showSourceLines(one, depth + 1);
}

function sourcePosition(position: string, url: string, line: string, column: string): string {
  const entry = mapOf(url)?.findEntry(Number(line) - 1, Number(column) - 1);
  if (entry === undefined || !('originalSource' in entry) || entry.originalSource === undefined) return position;
  return `${entry.originalSource}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
}

function mapOf(url: string): SourceMap | undefined {
  if (!maps.has(url)) maps.set(url, readMap(url));
  return maps.get(url);
}

/** Whatever is wrong with a map, the error itself has to come through: its stack then shows the bundle's positions. */
function readMap(url: string): SourceMap | undefined {
  try {
    const { SourceMap } = process.getBuiltinModule('node:module');
    return new SourceMap(JSON.parse(textOfMap(url)));
  } catch {
    return undefined;
  }
}

function textOfMap(url: string): string {
  const { existsSync, readFileSync } = process.getBuiltinModule('node:fs');
  const map = new URL(`${url}.map`);
  if (existsSync(map)) return readFileSync(map, 'utf8');
  const code = readFileSync(new URL(url), 'utf8');
  const at = code.lastIndexOf(MAP_COMMENT) + MAP_COMMENT.length;
  const { brotliDecompressSync } = process.getBuiltinModule('node:zlib');
  return brotliDecompressSync(Buffer.from(code.slice(at), 'base64')).toString();
}
