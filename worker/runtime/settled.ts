import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { runKeys } from '#run/keys.ts';
import { isClosed } from '#run/ledger.ts';
import { httpStatus, type Store } from '#run/store.ts';
import type { ItemRef } from './attempts.ts';

/**
 * Whether there is nothing left to do for an item: it has its result, it has failed for good, or its run is closed.
 * Asked before work begins, so that a duplicate message costs three small requests and no processing.
 */
export async function settledAs(store: Store, ref: ItemRef): Promise<'done' | 'failed' | 'closed' | undefined> {
  const keys = runKeys(ref.runId);
  const [done, failed, closed] = await Promise.all([
    exists(store, keys.record('results', ref.item)),
    exists(store, keys.record('failures', ref.item)),
    isClosed(store, ref.runId),
  ]);
  if (done) return 'done';
  if (failed) return 'failed';
  return closed ? 'closed' : undefined;
}

/** Whether the item has a result by now. */
export function hasResult(store: Store, ref: ItemRef): Promise<boolean> {
  return exists(store, runKeys(ref.runId).record('results', ref.item));
}

async function exists(store: Store, key: string): Promise<boolean> {
  try {
    await store.client.send(new HeadObjectCommand({ Bucket: store.bucket, Key: key }));
    return true;
  } catch (error) {
    if (httpStatus(error) === 404) return false;
    throw error;
  }
}
