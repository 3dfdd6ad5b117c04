import { totalmem } from 'node:os';
import { constrainedMemory } from 'node:process';

const MIB = 1_048_576;

/**
 * What Node, the SDK and the buffers that S3 is read and written by take, in MiB, however many items there are.
 * `lib/settings/settings-rules.ts` holds the settings against it.
 */
export const WORKER_BASE_MIB = 300;
/** The least that an item's share may be, in MiB. */
export const LEAST_ITEM_MIB = 96;

/** An item's share of the container's memory, in bytes: what is left beside the worker's own, divided evenly. */
export function memoryShare(itemsAtOnce: number): number {
  const memory = Math.min(constrainedMemory() || Number.POSITIVE_INFINITY, totalmem());
  return Math.floor(Math.max((memory - WORKER_BASE_MIB * MIB) / itemsAtOnce, LEAST_ITEM_MIB * MIB));
}
