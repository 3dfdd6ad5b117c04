import { readdirSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly ranges: readonly { readonly startOffset: number; readonly endOffset: number; readonly count: number }[];
    }[];
  }[];
}

/**
 * Returns which parts of a bundle a process has loaded without running them, as V8 counted: bytes of functions and
 * branches by module, the largest first. Constants of a loaded module count as run.
 *
 * @param coverage the folder that NODE_V8_COVERAGE named for the process.
 * @param bundle the folder of the bundle; the files contain their source maps.
 */
export function notRun(coverage: string, bundle: string): { readonly module: string; readonly bytes: number }[] {
  const scripts = readdirSync(coverage).flatMap(
    (file) => (JSON.parse(readFileSync(join(coverage, file), 'utf8')) as Coverage).result,
  );
  const bytes = new Map<string, number>();
  for (const { url, functions } of scripts) {
    if (!url.startsWith(pathToFileURL(bundle).href)) continue;
    const text = readFileSync(fileURLToPath(url), 'utf8');
    const map = sourceMapOf(text);
    const unused = functions
      .flatMap(({ ranges }) => ranges)
      .filter(({ count }) => count === 0)
      .sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
    let end = 0;
    for (const { startOffset, endOffset } of unused) {
      // Code inside a function that never ran is counted with that function.
      if (endOffset <= end) continue;
      end = endOffset;
      const module = moduleAt(map, text, startOffset);
      bytes.set(module, (bytes.get(module) ?? 0) + endOffset - startOffset);
    }
  }
  return [...bytes].map(([module, count]) => ({ module, bytes: count })).sort((a, b) => b.bytes - a.bytes);
}

function sourceMapOf(text: string): SourceMap {
  const [, base64 = ''] = /\/\/# sourceMappingURL=data:application\/json;base64,(\S+)/.exec(text) ?? [];
  return new SourceMap(JSON.parse(Buffer.from(base64, 'base64').toString()));
}

function moduleAt(map: SourceMap, text: string, offset: number): string {
  const before = text.slice(0, offset);
  const entry = map.findEntry(before.split('\n').length - 1, offset - before.lastIndexOf('\n') - 1);
  const source = 'originalSource' in entry ? entry.originalSource : 'what esbuild adds';
  return source.replace(/^.*node_modules\//, '').replace(/^(\.\.\/)+/, '');
}
