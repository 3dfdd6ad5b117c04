import { TooLargeError } from '../errors.ts';

const MIB = 1_048_576;
const GIB = 1_024 * MIB;

/** S3's limits on a multipart upload. */
export const MAX_PARTS = 10_000;
export const MIN_PART_BYTES = 5 * MIB;
export const MAX_PART_BYTES = 5 * GIB;

/** How an object of known length is divided: equal parts, and the rest as the last one. */
export interface PartPlan {
  /** The size of the object in bytes. */
  readonly total: number;
  /** The size of each part but the last. */
  readonly partBytes: number;
  /** The number of parts. */
  readonly count: number;
}

/** The position of a part in the object. Parts count from 1, as in S3. */
export interface PartRange {
  /** The number of the part. */
  readonly number: number;
  /** Where it begins, in bytes from the beginning of the object. */
  readonly offset: number;
  /** Its size in bytes. */
  readonly length: number;
}

/** The parts from `first` to `last`, both included: the work of one call of `uploadSlice`. */
export interface Slice {
  /** The number of the first part. */
  readonly first: number;
  /** The number of the last part. */
  readonly last: number;
}

/**
 * @param smallest the requested part size; it grows to `total / 10,000` if S3's limit on parts requires that.
 * @throws TooLargeError beyond 10,000 parts of 5 GiB (48.8 TiB).
 */
export function planParts(total: number, smallest: number): PartPlan {
  const partBytes = Math.max(smallest, Math.ceil(total / MAX_PARTS));
  if (partBytes > MAX_PART_BYTES) {
    throw new TooLargeError(`${total} bytes are more than an object can have (10,000 parts of 5 GiB)`);
  }
  return { total, partBytes, count: Math.max(1, Math.ceil(total / partBytes)) };
}

/** Computes a part's bytes from its number. @param number of the part, from 1 to `plan.count`. */
export function partRange(plan: PartPlan, number: number): PartRange {
  const offset = (number - 1) * plan.partBytes;
  return { number, offset, length: Math.min(plan.partBytes, plan.total - offset) };
}

/**
 * Divides an object into slices of about `sliceBytes`: at least one part each, and every part in exactly one slice.
 *
 * @param sliceBytes the wanted size of a slice in bytes.
 */
export function slicesOf(plan: PartPlan, sliceBytes: number): Slice[] {
  const wanted = Math.max(1, Math.floor(sliceBytes / plan.partBytes));
  const slices = Math.ceil(plan.count / wanted);
  // Evenly, because a last slice of one part would need another Lambda.
  const each = Math.ceil(plan.count / slices);
  const cut: Slice[] = [];
  for (let first = 1; first <= plan.count; first += each) {
    cut.push({ first, last: Math.min(plan.count, first + each - 1) });
  }
  return cut;
}
