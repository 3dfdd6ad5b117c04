import type { Tool } from '../tool.ts';
import { bundleTool } from './bundle-tool.ts';
import type { FloorInput } from './floor-process.ts';

const MIB = 1_048_576;

/** The least that Node can do (`floor-process.ts`), with a part size and a number of parts in flight. */
export async function floorTools(): Promise<Tool[]> {
  const bundle = await bundleTool('floor-process.ts');
  return [
    { parts: 4, mib: 8 },
    { parts: 2, mib: 5 },
  ].map(
    ({ parts, mib }): Tool => ({
      name: `floor, ${parts} × ${mib} MiB`,
      verifies: false,
      readsInParallel: false,
      takesSizes: false,
      version: async () => process.versions.node,
      command: ({ env, url, bucket, key, caFile }) => {
        const input: FloorInput = { url, bucket, key, caFile, parts, partBytes: mib * MIB };
        return { file: process.execPath, args: [bundle], env, stdin: JSON.stringify(input) };
      },
    }),
  );
}
