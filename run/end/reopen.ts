import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { runKeys } from '../keys.ts';
import { closedSchema } from '../ledger/records.ts';
import { listKeys, readJson, type Store, writeOnce } from '../store.ts';
import { manifestSchema } from './manifest.ts';

/** Records that an execution was redriven, so that a word on an earlier end that comes late closes nothing. */
export async function recordRedrive(store: Store, runId: string, redriveCount: number): Promise<void> {
  await writeOnce(store, runKeys(runId).redrive(redriveCount), { v: 1, runId, redriveCount });
}

/** How often a run's execution was redriven, as far as EventBridge has told. */
export async function latestRedrive(store: Store, runId: string): Promise<number> {
  let latest = 0;
  const prefix = runKeys(runId).redrives;
  for await (const key of listKeys(store, prefix)) {
    latest = Math.max(latest, Number(key.slice(prefix.length).replace(/\.json$/, '')));
  }
  return latest;
}

/**
 * Opens a run again that CloseRun had closed, since its execution goes on: keeps the manifest under its own name, and
 * removes it and the closing, so that workers, gate and DoneState do again what they do in an open run. What DoneState
 * itself has said stays: its run has come to its end.
 *
 * @param redriveCount closes of the ends before this redrive are undone, those of later ends are not. @default all
 * @returns whether there was something to open. Called again, there isn't.
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
  // Last: as long as it is there, a call that died half-way is made good by the next.
  await remove(store, keys.closed);
  return true;
}

async function remove({ client, bucket }: Store, key: string): Promise<void> {
  await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
}
