import { createCipheriv, createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** What names a content: the same seed gives the same bytes in every process. */
export type Seed = string | number;

/**
 * The content of a seed repeats after this many bytes. It is a prime, so that no two parts of a transfer are alike:
 * parts whose sizes are the same would have to lie a multiple of 1,048,573 parts apart, and an upload has at most
 * 10,000. So a hash always shows if a part is stored in the place of another part.
 */
const PERIOD_BYTES = 1_048_573;

/** Enough for one test's versions of a file; a property test over 500 seeds shall not keep 500 MiB. */
const MAX_CACHED_PERIODS = 8;
const periods = new Map<string, Buffer>();

/**
 * A view of a seed's content, without a copy: from `offset`, at least 1 and at most `maxBytes` long.
 * Don't write to it.
 */
export function contentView(seed: Seed, offset: number, maxBytes: number): Buffer {
  const start = offset % PERIOD_BYTES;
  return period(seed).subarray(start, Math.min(start + maxBytes, PERIOD_BYTES));
}

/** Views that together are `[from, from + length)` of a seed's content, without a copy and whatever the length. */
export function* contentViews(seed: Seed, from: number, length: number): Generator<Buffer> {
  const end = from + length;
  for (let offset = from; offset < end; ) {
    const view = contentView(seed, offset, end - offset);
    yield view;
    offset += view.length;
  }
}

/** A copy of `[from, from + length)` of a seed's content. */
export function contentBytes(seed: Seed, from: number, length: number): Buffer {
  return Buffer.concat([...contentViews(seed, from, length)], length);
}

export interface ContentHashes {
  /** Hex. */
  readonly sha256: string;
  /** Hex. */
  readonly md5: string;
  readonly crc32: number;
}

/** The hashes of the first `length` bytes of a seed's content (about 2 s/GiB: it is synchronous). */
export function contentHashes(seed: Seed, length: number): ContentHashes {
  const sha256 = createHash('sha256');
  const md5 = createHash('md5');
  let crc = 0;
  for (const view of contentViews(seed, 0, length)) {
    sha256.update(view);
    md5.update(view);
    crc = crc32(view, crc);
  }
  return { sha256: sha256.digest('hex'), md5: md5.digest('hex'), crc32: crc };
}

/** The SHA-256 alone, as hex. */
export function contentSha256(seed: Seed, length: number): string {
  const sha256 = createHash('sha256');
  for (const view of contentViews(seed, 0, length)) sha256.update(view);
  return sha256.digest('hex');
}

/** One period of incompressible bytes: the key stream of AES-CTR under the seed's hash. */
function period(seed: Seed): Buffer {
  const name = String(seed);
  const cached = periods.get(name);
  if (cached) return cached;
  const key = createHash('sha256').update(name).digest();
  const cipher = createCipheriv('aes-128-ctr', key.subarray(0, 16), key.subarray(16));
  const bytes = cipher.update(Buffer.alloc(PERIOD_BYTES));
  const oldest = periods.keys().next();
  if (periods.size >= MAX_CACHED_PERIODS && !oldest.done) periods.delete(oldest.value);
  periods.set(name, bytes);
  return bytes;
}
