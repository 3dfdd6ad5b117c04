import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { addCrc32, combineCrc32, crc32FromBase64, crc32ToBase64, EMPTY_CRC32 } from '#transfer/proof/crc32.ts';

const bytes = (most: number) => fc.uint8Array({ maxLength: most });

it('combines the CRCs of any pieces to the CRC of the whole', () => {
  fc.assert(
    fc.property(fc.array(bytes(300), { maxLength: 20 }), (pieces) => {
      const combined = pieces.reduce((crc, piece) => combineCrc32(crc, crc32(piece), piece.length), EMPTY_CRC32);
      expect(combined).toBe(crc32(Buffer.concat(pieces)));
    }),
  );
});

it('combines across lengths beyond 4 GiB', () => {
  // 2^40 zero bytes behind a message, halved again and again: the same power of x by another way.
  const message = crc32('sluice');
  const zeros = (log2: number): number => {
    if (log2 === 0) return crc32(new Uint8Array(1));
    const half = zeros(log2 - 1);
    return combineCrc32(half, half, 2 ** (log2 - 1));
  };
  const inTwo = combineCrc32(combineCrc32(message, zeros(39), 2 ** 39), zeros(39), 2 ** 39);
  expect(combineCrc32(message, zeros(40), 2 ** 40)).toBe(inTwo);
});

it('the CRC-32 is the same when it is computed piece by piece', () => {
  fc.assert(
    fc.property(bytes(1_000), bytes(1_000), (one, other) => {
      expect(addCrc32(crc32(one), other)).toBe(crc32(Buffer.concat([one, other])));
    }),
  );
});

it('the CRC-32 is written and read as base64, and a composite checksum is refused', () => {
  fc.assert(
    fc.property(fc.nat({ max: 0xffffffff }), (crc) => {
      expect(crc32FromBase64(crc32ToBase64(crc))).toBe(crc);
      expect(crc32FromBase64(`${crc32ToBase64(crc)}-3`)).toBeUndefined();
    }),
  );
});
