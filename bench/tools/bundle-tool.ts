import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleLambdas } from '#lib/bundling/lambda-bundles.ts';

/**
 * Bundles one of this folder's programs as the Lambdas are; it is gone when the process ends.
 *
 * @param transfers as a function that transfers: with the engine's small client of S3.
 */
export async function bundleTool(entry: string, transfers = false): Promise<string> {
  const smallS3 = transfers ? ['tool'] : [];
  const { tool } = bundleLambdas({ tool: fileURLToPath(new URL(entry, import.meta.url)) }, { smallS3 });
  return join(tool.folder, 'index.mjs');
}
