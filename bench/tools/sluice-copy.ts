import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Tool } from '../harness/tool.ts';

const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));

/** `sluice copy` of this clone, as a person runs it. */
export const sluiceCopy: Tool = {
  name: 'sluice copy',
  readsInParallel: true,
  takesSizes: false,
  // It is no other tool: the engine needs no comparison with itself.
  verifies: false,
  version: async () => execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
  command: ({ url, bucket, key, env, folder, sizes: { connections } }) => ({
    file: process.execPath,
    args: [
      ...[MAIN, 'copy', url, `s3://${bucket}/${key}`],
      ...(connections === undefined ? [] : ['--connections', String(connections)]),
    ],
    env: { ...env, XDG_STATE_HOME: folder },
  }),
};
