import { totalmem } from 'node:os';
import { constrainedMemory } from 'node:process';

const MIB = 1_048_576;

/**
 * The memory of a worker's own process, in MiB: Node, the SDK, the queue's messages. `lib/settings/settings-rules.ts`
 * checks the settings against this constant and the next two.
 */
export const WORKER_BASE_MIB = 130;
/**
 * The memory that an item's process needs besides the item, in MiB: Node, the SDK, and the buffers for reading and
 * writing S3.
 */
export const ITEM_BASE_MIB = 110;
/** The smallest share of an item, in MiB. */
export const LEAST_ITEM_MIB = 96;

/**
 * Returns an item's share of the task's memory, in bytes: the task's memory without the worker's own process, divided
 * evenly, without what the item's process needs for itself.
 *
 * @param memoryMiB the task's memory. @default the memory of the container or the machine
 */
export function memoryShare(itemsAtOnce: number, memoryMiB = Number.POSITIVE_INFINITY): number {
  const memory = Math.min(memoryMiB * MIB, constrainedMemory() || Number.POSITIVE_INFINITY, totalmem());
  const share = (memory - WORKER_BASE_MIB * MIB) / itemsAtOnce - ITEM_BASE_MIB * MIB;
  return Math.floor(Math.max(share, LEAST_ITEM_MIB * MIB));
}
