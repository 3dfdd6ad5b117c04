import { totalmem } from 'node:os';
import { constrainedMemory } from 'node:process';

const MIB = 1_048_576;

/**
 * What a worker's own process takes, in MiB: Node, the SDK, the queue's messages. `lib/settings/settings-rules.ts` holds the
 * settings against it, and against the next two.
 */
export const WORKER_BASE_MIB = 130;
/** What an item's process takes besides the item: Node, the SDK, and the buffers that S3 is read and written by, in MiB. */
export const ITEM_BASE_MIB = 110;
/** The least that an item's share may be, in MiB. */
export const LEAST_ITEM_MIB = 96;

/**
 * An item's share of the task's memory, in bytes: what is left beside the worker's own process, divided evenly, less what
 * the item's process takes itself.
 *
 * @param memoryMiB the task's memory. @default what the container or the machine has
 */
export function memoryShare(itemsAtOnce: number, memoryMiB = Number.POSITIVE_INFINITY): number {
  const memory = Math.min(memoryMiB * MIB, constrainedMemory() || Number.POSITIVE_INFINITY, totalmem());
  const share = (memory - WORKER_BASE_MIB * MIB) / itemsAtOnce - ITEM_BASE_MIB * MIB;
  return Math.floor(Math.max(share, LEAST_ITEM_MIB * MIB));
}
