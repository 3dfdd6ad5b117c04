import { readFile } from 'node:fs/promises';
import type { Command } from '../harness/measure.ts';
import type { Tool } from '../harness/tool.ts';
import { bundleTool } from './bundle-tool.ts';
import type { LibStorageInput } from './lib-storage-process.ts';

/** `Upload` of AWS's own lib-storage over an undici body, bundled as the engine is. */
export async function libStorageTool(): Promise<Tool> {
  const bundle = await bundleTool('lib-storage-process.ts');
  const run = (env: Command['env'], input: LibStorageInput): Command => ({
    file: process.execPath,
    args: [bundle],
    env,
    stdin: JSON.stringify(input),
  });
  return {
    name: 'lib-storage',
    readsInParallel: false,
    takesSizes: true,
    verifies: true,
    version: async () => {
      const manifest = new URL('../../node_modules/@aws-sdk/lib-storage/package.json', import.meta.url);
      return (JSON.parse(await readFile(manifest, 'utf8')) as { version: string }).version;
    },
    command: ({ env, bucket, caFile, url, key, sizes }) =>
      run(env, { bucket, caFile, files: [{ url, key }], atOnce: 1, ...sizes }),
    smallCommand: ({ env, bucket, caFile, files, atOnce }) =>
      run(env, { bucket, caFile, files: files.map(({ url, key }) => ({ url, key })), atOnce }),
  };
}
