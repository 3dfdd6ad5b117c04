import { readFile } from 'node:fs/promises';
import type { Tool } from '../harness/tool.ts';
import { bundleTool } from './bundle-tool.ts';
import type { FloorInput } from './floor-process.ts';

const MIB = 1_048_576;

interface Sizes {
  /** Parts in flight. */
  readonly parts: number;
  readonly mib: number;
}
const DEFAULT_SIZES: Sizes = { parts: 4, mib: 8 };

/** The least that Node can do (`floor-process.ts`), with a part size and a number of parts in flight. */
export async function floorTools(): Promise<readonly [Tool, Tool]> {
  const bundle = await bundleTool('floor-process.ts');
  const floor = (sizes: Sizes) => mechanism('floor', bundle, sizes, async () => process.versions.node);
  return [floor(DEFAULT_SIZES), floor({ parts: 2, mib: 5 })];
}

/** The least that Node can do with undici (`undici-process.ts`), with the same sizes as the first floor. */
export async function undiciTool(): Promise<Tool> {
  return mechanism('undici', await bundleTool('undici-process.ts'), DEFAULT_SIZES, async () => {
    const manifest = new URL('../../node_modules/undici/package.json', import.meta.url);
    return (JSON.parse(await readFile(manifest, 'utf8')) as { version: string }).version;
  });
}

function mechanism(name: string, bundle: string, { parts, mib }: Sizes, version: Tool['version']): Tool {
  return {
    name: `${name}, ${parts} × ${mib} MiB`,
    verifies: false,
    readsInParallel: false,
    takesSizes: false,
    version,
    command: ({ env, url, bucket, key, caFile }) => {
      const input: FloorInput = { url, bucket, key, caFile, parts, partBytes: mib * MIB };
      return { file: process.execPath, args: [bundle], env, stdin: JSON.stringify(input) };
    },
  };
}
