import { TooLargeForOneStreamError } from '../errors.ts';
import { MAX_PARTS } from './plan.ts';

const MIB = 1_048_576;

/** Buffers of one stream: one fills while two are sent. The memory of a stream is this many of the current part's size. */
export const STREAM_BUFFERS = 3;

/** Sizes go up in steps, so that the buffers are made anew only some dozens of times in a terabyte. */
const STEP_BYTES = 8 * MIB;

/**
 * A part is at least a thousandth of what lies before it. So the size stays at 8 MiB for a thousand
 * parts, and 10,000 parts reach 1 TiB with none larger than 160 MiB.
 */
const GROWTH = 1_000;

/** How the parts of one stream are sized, and where it has to end. */
export interface StreamSchedule {
  /** The most bytes that 10,000 parts of this schedule carry, or the caller's own limit. */
  readonly maxBytes: number;
  /** The size of the part that begins at an offset. */
  partBytesAt(offset: number): number;
}

/**
 * @param length what the source says, undefined where it doesn't.
 * @param memoryBytes budget for the part buffers together.
 * @param maxBytes where a stream of unknown length is to be ended at the latest.
 * @throws TooLargeForOneStreamError where the known length doesn't fit the budget.
 */
export function streamSchedule(
  length: number | undefined,
  { smallest, memoryBytes, maxBytes }: { smallest: number; memoryBytes: number; maxBytes: number },
): StreamSchedule {
  const largest = Math.max(smallest, Math.floor(memoryBytes / STREAM_BUFFERS));
  if (length !== undefined) {
    const partBytes = Math.max(smallest, Math.ceil(length / MAX_PARTS));
    if (partBytes > largest || length > maxBytes) throw tooLarge(length, memoryBytes, maxBytes);
    return { maxBytes: length, partBytesAt: () => partBytes };
  }
  const partBytesAt = (offset: number) =>
    Math.min(largest, Math.max(smallest, Math.ceil(offset / GROWTH / STEP_BYTES) * STEP_BYTES));
  let reach = 0;
  for (let number = 1; number <= MAX_PARTS && reach < maxBytes; number++) reach += partBytesAt(reach);
  return { maxBytes: Math.min(reach, maxBytes), partBytesAt };
}

export function tooLarge(bytes: number, memoryBytes: number, maxBytes: number): TooLargeForOneStreamError {
  return new TooLargeForOneStreamError(
    `${bytes} bytes in one stream are more than ${memoryBytes} bytes of part buffers, or the limit of ${maxBytes} bytes, allow: raise streamMemoryBytes or maxStreamBytes, or find a source with ranges`,
  );
}
