// @module-tag heavy

import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { PermanentError } from '#processors/contract/permanent-error.ts';
import { testProcessor } from '#processors/contract/testing.ts';
import { profile } from '#processors/profile.ts';

const MIB = 1_048_576;

function streamed(pieces: readonly Buffer[]): { stream: Readable; bytes: number } {
  return {
    stream: Readable.from(pieces, { objectMode: false }),
    bytes: pieces.reduce((sum, piece) => sum + piece.length, 0),
  };
}

const failureOf = (pieces: readonly Buffer[]) =>
  testProcessor(profile, { object: streamed(pieces), name: 'hostile' }).then(
    () => undefined,
    (error: unknown) => error,
  );

it.each([
  ['gzip', gzipSync],
  ['zstd', zstdCompressSync],
] as const)('stops a %s bomb soon after its first gibibyte', async (_name, pack) => {
  const zeros = pack(Buffer.alloc(64 * MIB, '0'));
  const error = await failureOf(Array.from({ length: 40 }, () => zeros));
  expect(error).toMatchObject({ name: 'DecompressionBombError' });
  expect(error).toBeInstanceOf(PermanentError);
});

it('profile stops at a row of millions of columns, whatever the values are', async () => {
  const commas = Buffer.from(','.repeat(65_536));
  const error = await failureOf([Buffer.from('a,b\n1,2\n'), ...Array.from({ length: 400 }, () => commas)]);
  expect(error).toMatchObject({ name: 'MalformedInputError', message: expect.stringMatching(/1,000,000 columns/) });
  expect(error).toBeInstanceOf(PermanentError);
});

it.each([
  ['a zip', Buffer.from('PK\x03\x04\x14\0\0\0\x08\0'.padEnd(1_000, '\0'), 'latin1'), { uncompressedBytes: 1_000 }],
  // 64 MiB of zeros, packed three times: as what it is, the second layer.
  ['an archive within archives', gzipSync(gzipSync(gzipSync(Buffer.alloc(64 * MIB)))), { compression: 'gzip' }],
])('unpacks only the outermost compression of %s', async (_name, object, expected) => {
  const { result } = await testProcessor<{ uncompressedBytes: number }>(profile, { object });
  expect(result).toMatchObject({ format: 'binary', ...expected });
  expect(result.uncompressedBytes).toBeLessThan(MIB);
});

it('profile accepts a table that is as wide as real ones', async () => {
  const header = Array.from({ length: 20_000 }, (_, index) => `c${index}`).join(',');
  const row = Array.from({ length: 20_000 }, (_, index) => index).join(',');
  const object = `${header}\n${`${row}\n`.repeat(20)}`;
  const { result } = await testProcessor<{ columns: number; rows: number }>(profile, { object });
  expect(result).toMatchObject({ columns: 20_000, rows: 20 });
});
