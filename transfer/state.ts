// Imported as a namespace, from which bundlers keep only what is used: the whole is 370 KB more.
import * as z from 'zod';
import type { PartPlan } from './parts/plan.ts';

/** A part that was sent, as `uploadSlice` returns it: Close compares it with S3's list. */
export const partProofSchema = z.strictObject({
  number: z.int().positive(),
  bytes: z.int().nonnegative(),
  /** CRC-32 of the bytes as they came from the source, hex. */
  crc32: z.string().regex(/^[0-9a-f]{8}$/),
});
export type PartProof = z.infer<typeof partProofSchema>;

const pinsSchema = z.strictObject({
  etag: z.string().optional(),
  lastModified: z.string().optional(),
  total: z.int().nonnegative(),
  contentEncoding: z.string().optional(),
  origin: z.string(),
  oneStream: z.literal(true).optional(),
});

/**
 * A ranged transfer between processes, as JSON. It contains no URL, no headers and no credentials: source and
 * destination are passed again to each call. `v` is the schema's version; a process refuses a version that it doesn't
 * know.
 */
export const transferStateSchema = z.strictObject({
  v: z.literal(1),
  bucket: z.string(),
  key: z.string(),
  uploadId: z.string(),
  /** A random token in the object's metadata, with which the engine recognises its own object. */
  token: z.string(),
  /** Each part has a CRC-32, and so has the object as a whole. */
  checksum: z.literal('crc32-full-object'),
  /** The version of the source that is being read. */
  pins: pinsSchema,
  /** `pins.total` again. With the next two fields it makes the plan of parts for `slicesOf` and `partRange`. */
  total: z.int().positive(),
  partBytes: z.int().positive(),
  count: z.int().positive(),
  startedAt: z.iso.datetime(),
  sourceEtag: z.string().optional(),
  contentType: z.string().optional(),
  contentEncoding: z.string().optional(),
  /** Hashes of the whole file that the source's answer stated. */
  stated: z.array(
    z.strictObject({
      name: z.string(),
      algorithm: z.enum(['md5', 'sha1', 'sha256', 'sha512', 'crc32']).optional(),
      hex: z.string(),
      unusable: z.string().optional(),
    }),
  ),
  /** The parts that opening itself has sent already. */
  proofs: z.array(partProofSchema),
  retries: z.int().nonnegative(),
  notes: z.array(z.string()),
});

export type TransferState = z.infer<typeof transferStateSchema>;

/** Returns the plan of parts in a state. */
export function planOf({ total, partBytes, count }: TransferState): PartPlan {
  return { total, partBytes, count };
}
