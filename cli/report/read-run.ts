import { readItemLines } from '#run/end/item-line.ts';
import { type Manifest, manifestSchema } from '#run/end/manifest.ts';
import { runKeys } from '#run/keys.ts';
import { readJson, type Store } from '#run/store.ts';

/** The run has no manifest (yet). */
export class NoManifestError extends Error {
  override readonly name = 'NoManifestError';
}

/** @throws NoManifestError if the run hasn't ended, or its records have expired. */
export async function readManifest(store: Store, runId: string): Promise<Manifest> {
  const key = runKeys(runId).manifest;
  const manifest = await readJson(store, key, manifestSchema);
  if (manifest === undefined)
    throw new NoManifestError(`run ${runId} has no manifest: there is no s3://${store.bucket}/${key}`);
  return manifest;
}

/** Every item of an ended run, in the order of its plan. */
export const readItems = (store: Store, runId: string) => readItemLines(store, runKeys(runId).items);
