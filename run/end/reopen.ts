import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { runKeys } from '../keys.ts';
import { closedSchema } from '../ledger/records.ts';
import { listKeys, readJson, type Store, writeOnce } from '../store.ts';
import { manifestSchema } from './manifest.ts';

/** Records that an execution was redriven. A delayed event about an earlier end then closes nothing. */
export async function recordRedrive(store: Store, runId: string, redriveCount: number): Promise<void> {
  await writeOnce(store, runKeys(runId).redrive(redriveCount), { v: 1, runId, redriveCount });
}

/** Returns how often a run's execution was redriven, according to the events received so far. */
export async function latestRedrive(store: Store, runId: string): Promise<number> {
  let latest = 0;
  const prefix = runKeys(runId).redrives;
  for await (const key of listKeys(store, prefix)) {
    latest = Math.max(latest, Number(key.slice(prefix.length).replace(/\.json$/, '')));
  }
  return latest;
}

/**
 * Opens a run again that CloseRun has closed, because its execution continues. It stores the manifest under another
 * name, and removes the manifest and the closing. Workers, gate and DoneState then act as in an open run. A closing by
 * DoneState stays, because its run has ended.
 *
 * @param redriveCount only closings before this redrive are undone. @default all
 * @returns whether the run was closed and is open now. A repeated call returns false.
 */
export async function reopenRun(
  store: Store,
  runId: string,
  redriveCount = Number.POSITIVE_INFINITY,
): Promise<boolean> {
  const keys = runKeys(runId);
  const manifest = await readJson(store, keys.manifest, manifestSchema);
  const closing = manifest ?? (await readJson(store, keys.closed, closedSchema));
  if (closing?.execution === undefined || closing.execution.redriveCount >= redriveCount) return false;
  if (manifest !== undefined) {
    await writeOnce(store, keys.earlierManifest(manifest.closedAt), manifest);
    await remove(store, keys.manifest);
  }
  // `closed.json` is removed last: while it exists, the next call repeats the work of a call that died half-way.
  await remove(store, keys.closed);
  return true;
}

async function remove({ client, bucket }: Store, key: string): Promise<void> {
  await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
}
