import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { PermanentError } from '#processors/contract/permanent-error.ts';
import { testProcessor } from '#processors/contract/testing.ts';
import { type Profile, profile } from '#processors/profile.ts';
import { MalformedInputError } from '#processors/table/errors.ts';

const profileOf = async (object: Buffer | string): Promise<Profile> =>
  (await testProcessor<Profile>(profile, { object })).result;

const CSV = 'id,name,note\n1,Baker Street,"a, b"\n2,Paddington,"two\nlines"\n3,Waterloo,\n';
const JSONL = '{"id":1,"name":"a"}\n{"id":2,"extra":true}\n\n{"id":3}\n';
const JSON_ARRAY = JSON.stringify([
  { id: 1, tags: ['x', 'y'], deep: { inner: 1 } },
  { id: 2, name: 'b' },
  'three',
  null,
]);

describe('the format by content', () => {
  it.each<[string, string | Buffer, Partial<Profile>]>([
    ['CSV', CSV, { format: 'csv', delimiter: ',', rows: 3, columns: 3, columnNames: ['id', 'name', 'note'] }],
    ['CSV without a header', '1,2\n3,4\n', { format: 'csv', header: false, rows: 2, columnNames: [] }],
    ['CSV with CRLF and a BOM', '\ufeffa,b\r\n1,2\r\n', { format: 'csv', columnNames: ['a', 'b'], rows: 1 }],
    ['CSV with semicolons', 'a;b\n1,5;2\n3,5;4\n', { format: 'csv', delimiter: ';', columns: 2, rows: 2 }],
    ['CSV with ragged rows', 'a,b\n1,2\n1,2\n1,2\n1,2\n1,2,3\n', { format: 'csv', badRows: 1, columns: 2 }],
    ['TSV', 'a\tb\n1\t2\n', { format: 'tsv', delimiter: '\t', rows: 1, columns: 2 }],
    ['JSON Lines', JSONL, { format: 'jsonl', rows: 3, columns: 3, columnNames: ['id', 'name', 'extra'] }],
    ['values behind each other', '{"a":1}{"b":2}', { format: 'jsonl', rows: 2, columnNames: ['a', 'b'] }],
    ['a JSON array', JSON_ARRAY, { format: 'json', rows: 2, badRows: 2, columnNames: ['id', 'tags', 'deep', 'name'] }],
    ['a JSON array over lines', '[\n  {"a": 1},\n  {"a": 2}\n]\n', { format: 'json', rows: 2, columnNames: ['a'] }],
    ['one JSON object', '{"rows":[{"x":1}],"n":2}', { format: 'json', rows: 1, columnNames: ['rows', 'n'] }],
    ['an empty JSON array', '[]', { format: 'json', rows: 0, columns: 0 }],
    ['text', 'one\ntwo\nthree', { format: 'text', rows: 3, columns: null }],
    ['a log that begins like JSON', '[2026-11-24] started\n[2026-11-24] ended\n', { format: 'text', rows: 2 }],
    ['an empty object', '', { format: 'empty', rows: 0, bytes: 0, encoding: null }],
    ['blank lines', '\n\n', { format: 'text', rows: 2 }],
    ['binary', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 13]), { format: 'binary', rows: 0, encoding: null }],
    ['UTF-16', Buffer.from('\ufeffa\tb\n1\t2\n', 'utf16le'), { format: 'tsv', encoding: 'utf-16le', rows: 1 }],
    [
      'windows-1252',
      Buffer.from('stra\xdfe,ort\n1,2\n', 'latin1'),
      { encoding: 'windows-1252', columnNames: ['straße', 'ort'] },
    ],
  ])('recognises the format by content: %s', async (_name, content, expected) => {
    expect(await profileOf(content)).toMatchObject(expected);
  });

  it.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const)('recognises %s, of several members, and hashes the stored bytes', async (compression, compress) => {
    const half = CSV.indexOf('2,');
    const stored = Buffer.concat([compress(Buffer.from(CSV.slice(0, half))), compress(Buffer.from(CSV.slice(half)))]);
    expect(await profileOf(stored)).toMatchObject({
      compression,
      format: 'csv',
      rows: 3,
      bytes: stored.length,
      uncompressedBytes: Buffer.byteLength(CSV),
      sha256: createHash('sha256').update(stored).digest('hex'),
    });
  });

  it('profile reports a gzip file without content as empty, not as binary', async () => {
    expect(await profileOf(gzipSync(''))).toMatchObject({ format: 'empty', compression: 'gzip', uncompressedBytes: 0 });
  });
});

describe('content on which profile fails', () => {
  const noise = Buffer.from(Array.from({ length: 20_000 }, (_, n) => `${n},${(n * 7_919) % 10_007}`).join('\n'));
  const [gz, zst] = [gzipSync(noise), zstdCompressSync(noise)];
  it.each<[string, Buffer | string, RegExp]>([
    ['a truncated gzip', gz.subarray(0, -20), /gzip stream breaks off/],
    ['a truncated zstd', zst.subarray(0, -20), /zstd stream breaks off/],
    ['a second zstd frame that is cut short', Buffer.concat([zst, zst.subarray(0, 50)]), /zstd stream breaks off/],
    ['garbage behind zstd', Buffer.concat([zst, Buffer.from('garbage')]), /zstd stream breaks off or is corrupt/],
    ['garbage behind gzip', Buffer.concat([gz, Buffer.from('garbage')]), /gzip stream breaks off or is corrupt/],
    ['a corrupt gzip', Buffer.concat([gz.subarray(0, 5_000), Buffer.alloc(500, 0xff), gz.subarray(5_500)]), /gzip/],
    ['JSON that breaks off', '[{"a":1},{"a":', /JSON/],
    ['JSON that breaks off between values', '[{"a":1}', /is incomplete|expected/],
    ['JSON with a stray comma', '[{"a":1},,{"a":2}]', /malformed in value 1/],
  ])('profile fails with a named, permanent error on %s', async (_name, content, message) => {
    const error = await profileOf(content).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MalformedInputError);
    expect(error).toBeInstanceOf(PermanentError);
    expect((error as Error).message).toMatch(message);
  });
});

describe('the memory of profile', () => {
  const MIB = 1_024 * 1_024;
  const repeated = (
    before: string,
    piece: string,
    times: number,
    after: string,
  ): { stream: Readable; bytes: number } => ({
    stream: Readable.from(
      (function* () {
        yield Buffer.from(before);
        for (let n = 0; n < times; n++) yield Buffer.from(piece);
        yield Buffer.from(after);
      })(),
      { objectMode: false },
    ),
    bytes: before.length + piece.length * times + after.length,
  });

  it('a JSON string of 96 MiB fails by the limit of its share of memory', async () => {
    const object = repeated('[{"a":"', 'x'.repeat(MIB), 96, '"}]');
    const failed = testProcessor<Profile>(profile, { object });
    await expect(failed).rejects.toThrow(/InputTooLargeError|value 1 of the JSON is longer than the 21 MiB/);
    await expect(failed).rejects.toBeInstanceOf(PermanentError);
  });

  it('lines of text without an end are read in little memory', async () => {
    const object = repeated('', 'y'.repeat(MIB), 64, '');
    const { result } = await testProcessor<Profile>(profile, { object });
    expect(result).toMatchObject({ format: 'text', rows: 1, bytes: 64 * MIB });
  });

  it('a record of a table beyond 16 MiB fails', async () => {
    const failed = testProcessor(profile, { object: repeated('a,b\n1,2\n1,"', 'z'.repeat(MIB), 24, '"}\n') });
    await expect(failed).rejects.toThrow(/longer than 16 MiB/);
    await expect(failed).rejects.toBeInstanceOf(MalformedInputError);
  });

  it('a line of JSON Lines beyond 21 MiB is a bad row', async () => {
    const object = repeated('{"a":1}\n{"a":"', 'z'.repeat(MIB), 24, '"}\n');
    const { result } = await testProcessor<Profile>(profile, { object });
    expect(result).toMatchObject({ rows: 1, badRows: 1 });
  });
});
