import { TooLargeForOneStreamError } from '../errors.ts';
import { MAX_PARTS } from './plan.ts';

const MIB = 1_048_576;

/**
 * Buffers of one stream: one is filled while two are sent. A stream's memory is this number times the current part
 * size.
 */
export const STREAM_BUFFERS = 3;

/** Sizes grow in steps, so that buffers are allocated again only some dozens of times in a terabyte. */
const STEP_BYTES = 8 * MIB;

/**
 * A part is at least a thousandth of the bytes before it. So the size stays at 8 MiB for a thousand parts, and 10,000
 * parts reach 1 TiB with none larger than 160 MiB.
 */
const GROWTH = 1_000;

/** The part sizes of one stream, and its largest length. */
export interface StreamSchedule {
  /** The largest number of bytes for 10,000 parts of this schedule, or the caller's own limit. */
  readonly maxBytes: number;
  /** The size of the part that begins at an offset. */
  partBytesAt(offset: number): number;
}

/**
 * @param length that the source states; undefined if it states none.
 * @param memoryBytes for all part buffers together.
 * @param maxBytes at which a stream of unknown length must end.
 * @throws TooLargeForOneStreamError if the known length doesn't fit the memory.
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
    `${bytes} bytes in one stream are more than ${memoryBytes} bytes of part buffers, or the limit of ${maxBytes} bytes, allow: raise streamMemoryBytes or maxStreamBytes, or use a source with ranges`,
  );
}
