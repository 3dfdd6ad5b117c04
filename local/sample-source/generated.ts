const PAGE_BYTES = 4_096;
/** Generated once. Every page of the file is a page of this pattern with its own number at the beginning. */
const PATTERN = makePattern(256 * PAGE_BYTES);
const CHUNK_PAGES = 64;

function makePattern(bytes: number): Buffer {
  const pattern = Buffer.allocUnsafe(bytes);
  let word = 0x9e3779b9;
  for (let offset = 0; offset < bytes; offset += 4) {
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    pattern.writeInt32LE(word | 0, offset);
  }
  return pattern;
}

/**
 * Returns the bytes [start, end) of an endless file that is not stored anywhere. The same offset always has the same
 * byte, and no two pages of 4 KiB are equal, so a part in the wrong place changes the hash.
 */
export function* generatedBytes(start: number, end: number): Generator<Buffer> {
  let offset = start;
  while (offset < end) {
    const firstPage = Math.floor(offset / PAGE_BYTES);
    const chunk = pages(firstPage, Math.min(CHUNK_PAGES, Math.ceil(end / PAGE_BYTES) - firstPage));
    const from = offset - firstPage * PAGE_BYTES;
    const piece = chunk.subarray(from, Math.min(chunk.length, from + end - offset));
    offset += piece.length;
    yield piece;
  }
}

function pages(first: number, count: number): Buffer {
  const chunk = Buffer.allocUnsafe(count * PAGE_BYTES);
  for (let index = 0; index < count; index++) {
    const from = ((first + index) * PAGE_BYTES) % PATTERN.length;
    PATTERN.copy(chunk, index * PAGE_BYTES, from, from + PAGE_BYTES);
    chunk.writeBigUInt64BE(BigInt(first + index), index * PAGE_BYTES);
  }
  return chunk;
}
