import { runKeys } from '#run/keys.ts';
import { type Store, writeOnce } from '#run/store.ts';

/**
 * Whether this invocation is the one that looks after the workers: the first of a minute that has handed something on.
 * Each child of Ingest would otherwise ask ECS after each batch.
 */
export async function claimWorkersMinute(store: Store, runId: string): Promise<boolean> {
  const minute = Math.floor(Date.now() / 60_000);
  return (await writeOnce(store, runKeys(runId).workersClaim(minute), { v: 1, runId, minute })) === 'written';
}
