import { HeadObjectCommand } from '@aws-sdk/client-s3';
import { workerSignKey } from '../keys.ts';
import { httpStatus, type Store, writeJson } from '../store.ts';

/** So often a worker that can work gives a sign of life: an S3 object of its own, written again. An hour of them costs $0.0003. */
export const SIGN_EVERY_SECONDS = 60;
/**
 * A worker without a sign for so long is hung. It has ten signs to miss by then, and a container that fetches its bundle
 * has had six tries of a minute.
 */
export const SILENT_SECONDS = 600;

/** @param worker the id of its task, by which the gatekeeper knows it. */
export function giveSign(store: Store, worker: string): Promise<void> {
  return writeJson(store, workerSignKey(worker), { v: 1, worker, at: new Date().toISOString() });
}

/** When a worker gave its last sign, by S3's clock; undefined where it never has. */
export async function lastSign(store: Store, worker: string): Promise<Date | undefined> {
  try {
    const sign = await store.client.send(new HeadObjectCommand({ Bucket: store.bucket, Key: workerSignKey(worker) }));
    return sign.LastModified;
  } catch (error) {
    if (httpStatus(error) === 404) return undefined;
    throw error;
  }
}
