import { GetObjectCommand } from '@aws-sdk/client-s3';
import {
  type ItemLine,
  itemLineSchema,
  type Manifest,
  MOST_LINE_CHARACTERS,
  manifestSchema,
} from '#run/end/manifest.ts';
import { readLines } from '#run/input/lines.ts';
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
export async function* readItems(store: Store, runId: string): AsyncGenerator<ItemLine> {
  const { Body } = await store.client.send(new GetObjectCommand({ Bucket: store.bucket, Key: runKeys(runId).items }));
  if (Body === undefined) return;
  for await (const line of readLines(Body as AsyncIterable<Uint8Array>, MOST_LINE_CHARACTERS)) {
    if (line !== '') yield itemLineSchema.parse(JSON.parse(line));
  }
}
