import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { readItems } from '#cli/report/read-run.ts';
import { RUNS_PREFIX } from '#run/keys.ts';
import { listKeys, type Store } from '#run/store.ts';

/** A landed object as it lies on this machine now. */
export interface CollectedObject {
  readonly key: string;
  readonly bytes: number;
  /** Of the file as it was written here. */
  readonly sha256: string;
}

/**
 * Copies what a run landed and wrote into a folder: `objects/<key>`, `output/…` as the processors named it, and the
 * run's own records under `run/`.
 *
 * @returns the landed objects.
 */
export async function collectRun(
  store: Store,
  runId: string,
  folder: string,
  signal: AbortSignal,
): Promise<CollectedObject[]> {
  const objects: CollectedObject[] = [];
  for await (const { landed, result } of readItems(store, runId)) {
    if (landed !== undefined) {
      const { key } = landed;
      objects.push({ key, ...(await download(store, key, join(folder, 'objects', key), signal)) });
    }
    for (const { key } of result?.outputs ?? []) await download(store, key, join(folder, key), signal);
  }
  const records = `${RUNS_PREFIX}${runId}/`;
  for await (const key of listKeys(store, records)) {
    await download(store, key, join(folder, 'run', key.slice(records.length)), signal);
  }
  return objects;
}

async function download(store: Store, key: string, file: string, signal: AbortSignal) {
  const { Body } = await store.client.send(new GetObjectCommand({ Bucket: store.bucket, Key: key }), {
    abortSignal: signal,
  });
  if (Body === undefined) throw new Error(`s3://${store.bucket}/${key} came without a body`);
  await mkdir(dirname(file), { recursive: true });
  const hash = createHash('sha256');
  let bytes = 0;
  const chunks = Body as AsyncIterable<Uint8Array>;
  const hashed = async function* () {
    for await (const chunk of chunks) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  };
  await pipeline(hashed, createWriteStream(file), { signal });
  return { bytes, sha256: hash.digest('hex') };
}
