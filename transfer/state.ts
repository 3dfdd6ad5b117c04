// Imported as a namespace, from which bundlers keep only what is used.
import * as z from '#net/zod.ts';
import type { PartPlan } from './parts/plan.ts';

/** A part that was sent, as `uploadSlice` returns it: Close compares it with S3's list. */
export const partProofSchema = z.lazy(() =>
  z.strictObject({
    /** The number of the part, from 1. */
    number: z.int().check(z.positive()),
    /** Its size. */
    bytes: z.int().check(z.nonnegative()),
    /** CRC-32 of the bytes as they came from the source, hex. */
    crc32: z.string().check(z.regex(/^[0-9a-f]{8}$/)),
  }),
);
/** A part that was sent: its number, its size in bytes, and its CRC-32 as hex. */
export interface PartProof extends z.infer<typeof partProofSchema> {}

/** The version of a source. */
export const pinsSchema = z.lazy(() =>
  z.strictObject({
    /** A strong ETag, with its quotes. */
    etag: z.optional(z.string()),
    /** A strong Last-Modified, or one only for comparison if there is an ETag. */
    lastModified: z.optional(z.string()),
    /** The size of the whole file in bytes. */
    total: z.int().check(z.nonnegative()),
    /** The Content-Encoding of the source. */
    contentEncoding: z.optional(z.string()),
    /** Scheme, host and port that answered after redirects. */
    origin: z.string(),
    /** The next beginning reads the source in one stream. */
    oneStream: z.optional(z.literal(true)),
  }),
);

/**
 * A ranged transfer between processes, as JSON. It contains no URL, no headers and no credentials: source and
 * destination are passed again to each call. `v` is the schema's version; a process refuses a version that it doesn't
 * know.
 */
export const transferStateSchema = z.lazy(() =>
  z
    .strictObject({
      /** The version of this schema. */
      v: z.literal(1),
      /** The bucket of the object. */
      bucket: z.string(),
      /** The key of the object. */
      key: z.string(),
      /** S3's id of the multipart upload. */
      uploadId: z.string(),
      /** A random token in the object's metadata, with which the engine recognises its own object. */
      token: z.string(),
      /** Each part has a CRC-32, and so has the object as a whole. */
      checksum: z.literal('crc32-full-object'),
      /** The version of the source that is being read. */
      pins: pinsSchema,
      /** `pins.total` again. With the next two fields it makes the plan of parts for `slicesOf` and `partRange`. */
      total: z.int().check(z.positive()),
      /** The size of each part but the last. */
      partBytes: z.int().check(z.positive()),
      /** The number of parts. */
      count: z.int().check(z.positive()),
      /** When the transfer began, as ISO 8601. */
      startedAt: z.iso.datetime(),
      /** The ETag in the source's answer, strong or weak. */
      sourceEtag: z.optional(z.string()),
      /** The content type that the object gets. */
      contentType: z.optional(z.string()),
      /** The Content-Encoding that the object gets. */
      contentEncoding: z.optional(z.string()),
      /** Hashes of the whole file that the source's answer stated. */
      stated: z.array(
        z.strictObject({
          /** The header or field that states it. */
          name: z.string(),
          /** Undefined if the engine does not know it. */
          algorithm: z.optional(z.literal(['md5', 'sha1', 'sha256', 'sha512', 'crc32'])),
          /** The stated value. */
          hex: z.string(),
          /** Why it can't be checked. */
          unusable: z.optional(z.string()),
        }),
      ),
      /** The parts that opening itself has sent already. */
      proofs: z.array(partProofSchema),
      /** Attempts after the first ones until the state was made. */
      retries: z.int().check(z.nonnegative()),
      /** What the engine noticed and a reader should know, a sentence each. */
      notes: z.array(z.string()),
    })
    .check(
      z.refine(
        ({ pins, total, partBytes, count }) => total === pins.total && count === Math.ceil(total / partBytes),
        // A damaged state would make an object without its end.
        'total, partBytes, count and pins.total of this state contradict each other',
      ),
    ),
);

/**
 * A ranged transfer between processes, as JSON: see `transferStateSchema`. Its fields other than the plan of parts are
 * the engine's own.
 */
export interface TransferState extends z.infer<typeof transferStateSchema> {}

/** Returns the plan of parts in a state. */
export function planOf({ total, partBytes, count }: TransferState): PartPlan {
  return { total, partBytes, count };
}
