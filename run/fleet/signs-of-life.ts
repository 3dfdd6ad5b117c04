import { workerSignKey } from '../keys.ts';
import { headOf, type Store, writeJson } from '../store.ts';

/**
 * Seconds between two signs of life of a worker. A sign is an S3 object that the worker overwrites. One hour of signs
 * costs $0.0003.
 */
export const SIGN_EVERY_SECONDS = 60;
/**
 * A worker that gives no sign for so long is hung. By then it has missed ten signs, and a container that fetches its
 * bundle has had six attempts of a minute.
 */
export const SILENT_SECONDS = 600;

/** @param worker the id of its task, which the gatekeeper knows too. */
export function giveSign(store: Store, worker: string): Promise<void> {
  return writeJson(store, workerSignKey(worker), { v: 1, worker, at: new Date().toISOString() });
}

/** Returns the time of a worker's last sign by S3's clock, or undefined if the worker has given none. */
export async function lastSign(store: Store, worker: string): Promise<Date | undefined> {
  return (await headOf(store, workerSignKey(worker)))?.LastModified;
}
