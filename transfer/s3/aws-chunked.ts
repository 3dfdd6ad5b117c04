import type { WriteBody } from './transport.ts';

/** S3 requires chunks of equal size except the last, of at least 8 KiB; at this size, their heads cost nothing. */
export const CHUNK_BYTES = 262_144;

const CRLF = '\r\n';
/** `x-amz-checksum-crc32:` and the base64 of four bytes. */
const TRAILER_BYTES = 'x-amz-checksum-crc32:AAAAAA=='.length;

/** Returns the length on the wire of a body in unsigned aws-chunked encoding with a CRC-32 trailer. */
export function chunkedBytes(bytes: number): number {
  const whole = Math.floor(bytes / CHUNK_BYTES);
  const rest = bytes % CHUNK_BYTES;
  const framed = (length: number) => length + length.toString(16).length + 4;
  const last = '0'.length + CRLF.length + TRAILER_BYTES + 2 * CRLF.length;
  return whole * framed(CHUNK_BYTES) + (rest === 0 ? 0 : framed(rest)) + last;
}

/**
 * Frames a body of known length, in pieces of any size: a chunk's head is written when its first byte arrives, and no
 * piece is copied.
 */
export function chunkWriter(
  bytes: number,
  write: WriteBody,
): { write: WriteBody; end(trailer: string): Promise<void> } {
  let left = bytes;
  let chunkLeft = 0;
  return {
    async write(piece) {
      for (let at = 0; at < piece.length; ) {
        if (chunkLeft === 0) {
          chunkLeft = Math.min(CHUNK_BYTES, left);
          await write(Buffer.from(`${chunkLeft.toString(16)}${CRLF}`));
        }
        const part = piece.subarray(at, at + chunkLeft);
        await write(part);
        at += part.length;
        left -= part.length;
        chunkLeft -= part.length;
        if (chunkLeft === 0) await write(Buffer.from(CRLF));
      }
    },
    async end(trailer) {
      if (left !== 0 || chunkLeft !== 0) throw new RangeError(`a part of ${bytes} bytes ended ${left} bytes early`);
      await write(Buffer.from(`0${CRLF}${trailer}${CRLF}${CRLF}`));
    },
  };
}
