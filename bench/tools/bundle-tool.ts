import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleLambdas } from '#lib/bundling/lambda-bundles.ts';

/** Bundles one of this folder's programs like the Lambdas; the bundle is deleted when the process ends. */
export async function bundleTool(entry: string): Promise<string> {
  const { tool } = bundleLambdas({ tool: fileURLToPath(new URL(entry, import.meta.url)) });
  return join(tool.folder, 'index.mjs');
}
