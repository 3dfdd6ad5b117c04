import { runKeys } from '#run/keys.ts';
import { type Store, writeOnce } from '#run/store.ts';

/**
 * Returns whether this invocation has to check the workers: the first one in a minute that has dispatched something.
 * Without this, each child of Ingest would ask ECS after each batch.
 */
export async function claimWorkersMinute(store: Store, runId: string): Promise<boolean> {
  const minute = Math.floor(Date.now() / 60_000);
  return (await writeOnce(store, runKeys(runId).workersClaim(minute), { v: 1, runId, minute })) === 'written';
}
