import { crc32 } from 'node:zlib';

/** The CRC-32 of no bytes. */
export const EMPTY_CRC32 = 0;

/** Continues a CRC-32 (the one of zlib, PNG and S3) with further bytes. */
export function addCrc32(crc: number, bytes: Uint8Array): number {
  return crc32(bytes, crc);
}

/** Returns the form of S3: base64 of the four bytes, the highest first. */
export function crc32ToBase64(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes.toString('base64');
}

/** @returns undefined if the text is not a CRC-32 in base64 (a composite one has `-N` at its end). */
export function crc32FromBase64(text: string): number | undefined {
  return /^[A-Za-z0-9+/]{6}==$/.test(text) ? Buffer.from(text, 'base64').readUInt32BE() : undefined;
}

export function crc32ToHex(crc: number): string {
  return crc.toString(16).padStart(8, '0');
}

/**
 * Computes the CRC-32 of two byte strings one after the other, from their own CRCs and the length of the second.
 *
 * Appending n bytes multiplies the first CRC by x^(8n) modulo the CRC's polynomial; this is zlib's `crc32_combine`, in
 * time logarithmic in the length.
 */
export function combineCrc32(first: number, second: number, secondBytes: number): number {
  return (multiply(xToThe8n(secondBytes), first) ^ second) >>> 0;
}

/** The polynomial of zlib's CRC-32, bit-reflected: the highest bit represents x^0. */
const POLYNOMIAL = 0xedb88320;
const ONE = 0x80000000;

function multiply(a: number, b: number): number {
  let product = 0;
  let shifted = b;
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= shifted;
    shifted = (shifted & 1) === 0 ? shifted >>> 1 : (shifted >>> 1) ^ POLYNOMIAL;
  }
  return product >>> 0;
}

/** x^(2^k) for k from 0 to 31, as far as they were needed. */
const squares = [ONE >>> 1];

/** Returns x^(2^k). It repeats after 32, since the polynomial is irreducible and of degree 32. */
function square(k: number): number {
  for (let last = squares.length - 1; last < k % 32; last++) {
    squares.push(multiply(squares[last] as number, squares[last] as number));
  }
  return squares[k % 32] as number;
}

/** Equal parts need the same power ten thousand times, and it costs some 30 multiplications. */
let lastBytes = -1;
let lastPower = ONE;

function xToThe8n(bytes: number): number {
  if (bytes === lastBytes) return lastPower;
  let power = ONE;
  // Division instead of shifts, because lengths exceed 2^32. The first three squarings make the factor 8.
  for (let left = bytes, k = 3; left > 0; left = Math.floor(left / 2), k++) {
    if (left % 2 === 1) power = multiply(square(k), power);
  }
  lastBytes = bytes;
  lastPower = power;
  return power;
}
