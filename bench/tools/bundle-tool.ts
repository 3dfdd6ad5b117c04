import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { ESM_BUNDLE } from '#lib/esm-bundle.ts';

/** Bundles one of this folder's programs as the Lambdas are; it is gone when the process ends. */
export async function bundleTool(entry: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-bundle-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const outfile = join(folder, 'tool.mjs');
  const entryPoints = [fileURLToPath(new URL(entry, import.meta.url))];
  await build({ ...ESM_BUNDLE, entryPoints, outfile, logLevel: 'error' });
  return outfile;
}
