// @module-tag heavy

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PermanentError } from '#processors/contract/permanent-error.ts';
import type { Processor } from '#processors/contract/processor.ts';
import { type TestItem, testProcessor } from '#processors/contract/testing.ts';
import { type ParquetResult, parquet } from '#processors/parquet.ts';

const MIB = 1_048_576;

const convert = (object: NonNullable<TestItem['object']>, options: Record<string, unknown> = {}) =>
  testProcessor<ParquetResult>(parquet as Processor, { object, options, name: 'hostile' });

const failureOf = (object: NonNullable<TestItem['object']>, options?: Record<string, unknown>) =>
  convert(object, options).then(
    () => undefined,
    (error: unknown) => error,
  );

/** A folder of its own for what is temporary: other tests look at what is left in the machine's. */
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-attacks-'));
  vi.stubEnv('TMPDIR', folder);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** An object of so many keys that no other has. */
const keys = (count: number, from: number) =>
  `{${Array.from({ length: count }, (_, index) => `"k${from + index}":1`).join(',')}}`;

describe('the Parquet processor', () => {
  it.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const)('the Parquet processor stops a %s bomb when the input has no more room', async (_name, pack) => {
    const zeros = pack(Buffer.alloc(64 * MIB, `1,${'2'.repeat(1_020)}\n`));
    // It would be 2.5 GiB.
    const pieces = Array.from({ length: 40 }, () => zeros);
    const stream = Readable.from(pieces, { objectMode: false });
    const error = await failureOf({ stream, bytes: zeros.length * 40 }, { maxInputMiB: 32 });
    expect(error).toMatchObject({ name: 'InputTooLargeError' });
    expect(error).toBeInstanceOf(PermanentError);
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ['a header of 100,000 columns', `${Array.from({ length: 100_000 }, (_, n) => `c${n}`).join(',')}\n`],
    ['a header of half a million empty columns', `${','.repeat(500_000)}\n${','.repeat(500_000)}\n`],
    [
      'an archive, of which nothing is unpacked',
      Buffer.from('PK\x03\x04\x14\0\0\0\x08\0'.padEnd(1_000, '\0'), 'latin1'),
    ],
    ['an archive within an archive', gzipSync(gzipSync(Buffer.alloc(MIB, '1,2\n')))],
  ])('the Parquet processor finds no table in %s', async (_name, object) => {
    const error = await failureOf(object);
    expect(error).toMatchObject({ name: 'NoTableError' });
    expect(error).toBeInstanceOf(PermanentError);
  });

  it('the Parquet processor leaves out a row of millions of columns, and continues after it', async () => {
    const { result } = await convert(`a,b\n1,2\n${','.repeat(5_000_000)}\n3,4\n`);
    expect(result).toMatchObject({ rows: 2, badRows: 1, columns: 2 });
  });

  it.each([
    ['one object of 100,000 keys', keys(100_000, 0), 1],
    ['rows of 200,000 different keys', Array.from({ length: 40 }, (_, n) => keys(5_000, n * 5_000)).join('\n'), 40],
  ])('the Parquet processor does not make a column of each key: %s', async (_name, object, rows) => {
    const { result } = await convert(object);
    expect(result).toMatchObject({ rows });
    expect(result.columns).toBeLessThanOrEqual(2_000);
    expect(JSON.stringify(result).length).toBeLessThan(200_000);
  });

  it('the Parquet processor leaves out a line of JSON that is nested too deep', async () => {
    const { result } = await convert(`{"a":1}\n{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}\n`);
    expect(result).toMatchObject({ rows: 1, badRows: 1 });
  });
});
