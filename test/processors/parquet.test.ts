import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Processor } from '#processors/contract/processor.ts';
import { ProcessorOptionsError } from '#processors/contract/run-processor.ts';
import { type TestItem, type TestRun, testProcessor } from '#processors/contract/testing.ts';
import { type ParquetResult, parquet } from '#processors/parquet.ts';
import { csvRows } from '#processors/table/csv-rows.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-parquet-test-'));
  // Other test files convert tables at the same time, and use other folders.
  vi.stubEnv('TMPDIR', folder);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

const convert = (
  object: NonNullable<TestItem['object']>,
  options: Record<string, unknown> = {},
  more: TestItem = {},
): Promise<TestRun<ParquetResult>> => testProcessor<ParquetResult>(parquet as Processor, { object, options, ...more });

/** What stands in the Parquet files, read by a DuckDB of its own. */
async function read(run: TestRun<ParquetResult>, query = 'FROM files'): Promise<Record<string, unknown>[]> {
  const own = await mkdtemp(join(folder, 'read-'));
  for (const [name, { content }] of run.outputs) {
    if (!name.endsWith('.parquet')) continue;
    const file = join(own, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run(`CREATE VIEW files AS FROM read_parquet('${own}/**/*.parquet')`);
  return (await (await connection.run(query)).getRowObjectsJson()) as Record<string, unknown>[];
}

const rejected = (run: TestRun<ParquetResult>): unknown[] =>
  (run.outputs.get('rejects.jsonl')?.content.toString() ?? '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

const TABLE = `id,name,price,zip,day,at,ok,huge
1,a,1.5,00123,2024-01-01,2024-01-01T10:00:00Z,true,12345678901234567890
2,"c ""q""",2,04567,2024-02-29,2024-01-01 12:00:00+02,FALSE,1
3,"two
lines",,1,,,,
`;

describe('a table', () => {
  it('a table gets the narrowest types that lose nothing', async () => {
    const run = await convert(TABLE);
    expect(run.result).toMatchObject({ format: 'csv', rows: 3, badRows: 0, files: 1, columns: 8, schemaCut: false });
    expect(Object.fromEntries(run.result.schema.map(({ name, type }) => [name, type]))).toEqual({
      id: 'BIGINT',
      name: 'VARCHAR',
      price: 'DOUBLE',
      zip: 'VARCHAR',
      day: 'DATE',
      at: 'TIMESTAMPTZ',
      ok: 'BOOLEAN',
      huge: 'DECIMAL(38,0)',
    });
    expect([...run.outputs.keys()]).toEqual(['data.parquet']);
    expect(run.outputs.get('data.parquet')?.contentType).toBe('application/vnd.apache.parquet');
    expect(run.result.parquetBytes).toBe(run.outputs.get('data.parquet')?.content.length);
    expect(await read(run, 'SELECT id, name, price, zip, huge FROM files ORDER BY id')).toEqual([
      { id: '1', name: 'a', price: 1.5, zip: '00123', huge: '12345678901234567890' },
      { id: '2', name: 'c "q"', price: 2, zip: '04567', huge: '1' },
      { id: '3', name: 'two\nlines', price: null, zip: '1', huge: null },
    ]);
    expect(await read(run, 'SELECT DISTINCT "at" FROM files WHERE "at" IS NOT NULL')).toHaveLength(1);
  });

  it.each([
    ['gzip', gzipSync(TABLE)],
    ['gzip of several members', Buffer.concat([gzipSync(TABLE.slice(0, 40)), gzipSync(TABLE.slice(40))])],
    ['zstd', zstdCompressSync(TABLE)],
  ])('a table may be compressed with %s', async (name, object) => {
    const run = await convert(object);
    expect(run.result).toMatchObject({ compression: name.split(' ')[0], rows: 3, uncompressedBytes: TABLE.length });
    expect(await read(run)).toEqual(await read(await convert(TABLE)));
  });

  it.each([
    ['tabs', 'a\tb\n1\tx\n2\ty\n', 'tsv'],
    ['UTF-16', Buffer.from('\ufeffa;b\n1;x\n2;y\n', 'utf16le'), 'csv'],
    ['CR, LF and CRLF mixed', 'a,b\r\n1,x\n2,y\r', 'csv'],
  ])('a table may have %s', async (_name, object, format) => {
    const run = await convert(object, { format });
    expect(run.result).toMatchObject({ format, rows: 2, badRows: 0 });
    expect(await read(run)).toEqual([
      { a: '1', b: 'x' },
      { a: '2', b: 'y' },
    ]);
  });

  it("a table's column gets a wider type for one late value, and no row is lost", async () => {
    const rows = Array.from({ length: 30_000 }, (_, n) => `${n},${n === 29_999 ? 'n/a' : n}`);
    const run = await convert(`a,b\n${rows.join('\n')}\n`);
    expect(run.result).toMatchObject({ rows: 30_000, badRows: 0 });
    expect(run.result.schema).toEqual([
      { name: 'a', type: 'BIGINT' },
      { name: 'b', type: 'VARCHAR' },
    ]);
  });

  it("a table's broken rows are counted and stored with their line and reason", async () => {
    const object = Buffer.concat([
      Buffer.from('a,b\n1,x\n2\n3,"y\nz"\n4,x"y\n5,"x"y\n6,7,8\n'),
      Buffer.from('7,\xff\n', 'latin1'),
      Buffer.from('8,y\n"9,never closed\n10,z\n'),
    ]);
    const run = await convert(object, { format: 'csv' });
    // 0xff makes the whole file look like windows-1252, unless its beginning is long enough to say otherwise.
    expect(run.result).toMatchObject({ rows: 6, badRows: 4 });
    expect(rejected(run)).toEqual([
      { line: 3, reason: 'the row has 1 fields, the table has 2 columns', text: '2' },
      { line: 7, reason: 'there is text after a closing quote', text: '5,"x"y' },
      { line: 8, reason: 'the row has 3 fields, the table has 2 columns', text: '6,7,8' },
      { line: 11, reason: 'a quote is opened and never closed', text: '"9,never closed' },
    ]);
    expect((await read(run, 'SELECT a FROM files ORDER BY a')).map(({ a }) => a)).toEqual([
      '1',
      '3',
      '4',
      '7',
      '8',
      '10',
    ]);
    expect(run.logs).toContainEqual({
      level: 'warn',
      message: 'rows are bad and left out',
      fields: { badRows: 4, kept: 4 },
    });
  });

  it('a row that is not UTF-8 far into the file is counted', async () => {
    const good = 'n,text\n'.concat('1,a\n'.repeat(400_000));
    const run = await convert(Buffer.concat([Buffer.from(good), Buffer.from('2,\xff\n3,b\n', 'latin1')]));
    expect(run.result).toMatchObject({ encoding: 'utf-8', rows: 400_001, badRows: 1 });
    expect(rejected(run)).toMatchObject([
      { line: 400_002, reason: 'the row contains bytes that are not valid in its encoding' },
    ]);
  });

  it('a row of megabytes is counted once, and reading continues after it', async () => {
    const run = await convert(`a,b\n1,${'x'.repeat(5_000_000)}\n2,y\n`, { format: 'csv', header: true });
    expect(run.result).toMatchObject({ rows: 1, badRows: 1 });
    expect(rejected(run)).toMatchObject([{ line: 2, reason: 'the row is longer than 2000000 bytes' }]);
    expect(await read(run)).toEqual([{ a: '2', b: 'y' }]);
  });

  it('exactly the rows that do not fit a given type are rejected', async () => {
    const run = await convert('id,n\n1,5\n2,many\n3,\nx,7\n', { types: { id: 'INTEGER', n: 'SMALLINT' } });
    expect(run.result).toMatchObject({ rows: 2, badRows: 2 });
    expect(run.result.schema.map(({ type }) => type)).toEqual(['INTEGER', 'SMALLINT']);
    expect(rejected(run)).toEqual([
      { line: null, reason: 'a value of column "n" is not of type SMALLINT', text: '{"id":"2","n":"many"}' },
      { line: null, reason: 'a value of column "id" is not of type INTEGER', text: '{"id":"x","n":"7"}' },
    ]);
  });

  it('as many bad rows as requested are stored, and the rest is counted', async () => {
    const run = await convert(`a,b\n${'1,2\n'.repeat(50)}${'1\n'.repeat(30)}`, {
      format: 'csv',
      keepBadRows: 3,
      maxBadRows: 30,
    });
    expect(run.result).toMatchObject({ rows: 50, badRows: 30, badRowsKept: 3 });
    expect(rejected(run)).toHaveLength(3);
  });

  it('empty and repeated column names are replaced, and any other name is accepted', async () => {
    const header = `a,A,,"x"");DROP TABLE files;--"`;
    const run = await convert(`${header}\n1,2,3,4\n`, {
      header: true,
      types: { 'x");DROP TABLE files;--': 'INTEGER' },
    });
    expect(run.result.schema.map(({ name }) => name)).toEqual(['a', 'A_2', 'column_3', 'x");DROP TABLE files;--']);
    expect(Object.values((await read(run))[0] ?? {})).toEqual(['1', '2', '3', 4]);
  });

  it('a table without a header has numbered columns', async () => {
    const run = await convert('1,2\n3,4\n');
    expect(run.result).toMatchObject({ rows: 2, schema: [{ name: 'column_1' }, { name: 'column_2' }] });
  });

  it('a table with only a header makes a file without rows', async () => {
    const run = await convert('a,b\n', {}, { name: 'empty.csv' });
    expect(run.result).toMatchObject({ rows: 0, files: 1, columns: 2 });
    expect(await read(run)).toEqual([]);
  });
});

describe('JSON', () => {
  it('bad lines of JSON Lines are left out, counted and stored', async () => {
    const lines = [
      '{"a":1,"b":{"c":"2024-01-01"},"zip":"00123"}',
      '{"a":',
      '',
      '{"a":2.5,"t":["x"]}',
      '[1]',
      '{"a":"\\ud800"}',
      '{"a":3,"u:r":"x:\\"y:","o":{"k":1,"k":2}}',
      `{"a":${'{"b":'.repeat(1_000)}1${'}'.repeat(1_000)}}`,
    ];
    const run = await convert(lines.join('\r\n'), { format: 'jsonl', maxBadRows: 5 });
    expect(run.result).toMatchObject({ format: 'jsonl', rows: 2, badRows: 5 });
    expect(run.result.schema).toEqual([
      { name: 'a', type: 'DOUBLE' },
      { name: 'b', type: 'STRUCT(c DATE)' },
      { name: 'zip', type: 'VARCHAR' },
      { name: 't', type: 'VARCHAR[]' },
    ]);
    expect(rejected(run)).toMatchObject([
      { line: 2, reason: expect.stringMatching(/^the line is bad: it is not JSON/), text: '{"a":' },
      { line: 5, reason: 'the line is not a JSON object' },
      { line: 6, reason: 'the line is bad: half a surrogate pair occurs alone' },
      { line: 7, reason: 'the line is bad: a key occurs twice in one object' },
      { line: 8, reason: 'the line is bad: it is nested deeper than 200 levels' },
    ]);
  });

  it.each([
    ['an array', '[{"a":1},{"a":2,"b":"x"}]'],
    ['values over several lines', '{\n"a":1}\n{\n"a":2,"b":"x"}'],
  ])('JSON as %s gives a row for each value', async (_name, object) => {
    const run = await convert(object);
    expect(run.result).toMatchObject({ rows: 2, badRows: 0 });
    expect(await read(run)).toEqual([
      { a: '1', b: null },
      { a: '2', b: 'x' },
    ]);
  });

  it('JSON accepts given types too', async () => {
    const run = await convert('{"a":1}\n{"a":"x"}\n', { types: { a: 'INTEGER' } });
    expect(run.result).toMatchObject({ rows: 1, badRows: 1, schema: [{ name: 'a', type: 'INTEGER' }] });
  });
});

describe('files', () => {
  it('files are in folders by the partition columns', async () => {
    const run = await convert('city,n,m\nBonn,1,2\nKöln/x,2,3\nBonn,3,4\n,5,6\n', { partitionBy: ['city'] });
    expect(run.result).toMatchObject({ rows: 4, files: 3 });
    expect([...run.outputs.keys()].sort()).toEqual([
      'data/city=Bonn/data_0.parquet',
      'data/city=K%C3%B6ln%2Fx/data_0.parquet',
      'data/city=__HIVE_DEFAULT_PARTITION__/data_0.parquet',
    ]);
    expect(await read(run, 'SELECT city, sum(n)::INTEGER AS n FROM files GROUP BY ALL ORDER BY n')).toEqual([
      { city: 'Köln/x', n: 2 },
      { city: 'Bonn', n: 4 },
      { city: null, n: 5 },
    ]);
  });

  it('a file ends at about the requested size', async () => {
    const rows = Array.from({ length: 300_000 }, (_, n) => `${n},${(n * 2_654_435_761) % 4_294_967_296}`);
    const run = await convert(`a,b\n${rows.join('\n')}\n`, { fileMiB: 1, rowGroupRows: 20_480 });
    expect(run.result.files).toBeGreaterThan(1);
    expect(await read(run, 'SELECT count(*)::INTEGER AS n, sum(a)::VARCHAR AS a FROM files')).toEqual([
      { n: 300_000, a: String((299_999 * 300_000) / 2) },
    ]);
  });
});

describe('an input', () => {
  it('an empty input makes no file', async () => {
    const run = await convert('');
    expect(run.result).toMatchObject({ format: 'empty', rows: 0, files: 0, schema: [] });
    expect(run.outputs.size).toBe(0);
  });

  it.each([
    ['is binary', Buffer.from([0, 1, 2, 0]), {}, /NoTableError/],
    ['is lines of text', 'one\ntwo\n', {}, /NoTableError.*"format": "csv"/],
    ['breaks off', gzipSync(TABLE).subarray(0, 60), {}, /MalformedInputError/],
    ['is JSON that breaks off', '[{"a":1},{"a":', {}, /MalformedInputError/],
    ['is nested a million levels', `[${'{"a":'.repeat(1e6)}1${'}'.repeat(1e6)}]`, {}, /MalformedInputError.*200/],
    ['has no good row', 'a,b\n1\n2\n', { format: 'csv' }, /TooManyBadRowsError.*each of the 2 rows/],
    ['has more bad rows than allowed', 'a,b\n1,2\n3,4\n5\n', { format: 'csv', maxBadRows: 0 }, /TooManyBadRowsError/],
    ['lacks a column', 'a,b\n1,2\n', { partitionBy: ['c'] }, /ColumnError.*"c".*a, b/],
    ['has too many partitions', 'a,b\n1,2\n3,4\n', { partitionBy: ['a'], maxPartitions: 1 }, /ColumnError/],
    ['is larger than allowed', gzipSync(`a,b\n${'1,2\n'.repeat(400_000)}`), { maxInputMiB: 1 }, /InputTooLargeError/],
  ])('an input that %s fails by name', async (_name, object, options, message) => {
    const error = await convert(object, options).then(
      () => undefined,
      (error: Error) => error,
    );
    expect(`${error?.name}: ${error?.message}`).toMatch(message);
  });

  it.each([
    [{ types: { a: 'BIGINT); DROP TABLE x' } }],
    [{ delimiter: '"' }],
    [{ delimiter: ',,' }],
    [{ fileMiB: 1, partitionBy: ['a'] }],
    [{ partition: ['a'] }],
  ])('an input is not begun with the options %j', async (options) => {
    await expect(convert('a,b\n1,2\n', options)).rejects.toThrow(ProcessorOptionsError);
  });

  it('a conversion leaves nothing on the disk, whether it succeeds or fails', async () => {
    const before = await leftovers();
    await convert(TABLE);
    await convert('a,b\n1\n', { format: 'csv' }).catch(() => undefined);
    expect(await leftovers()).toEqual(before);
  });

  it('a conversion stops when the signal aborts', async () => {
    const stop = new AbortController();
    const endless = Readable.from(
      (async function* () {
        yield Buffer.from('a,b\n');
        for (;;) {
          yield Buffer.from('1,2\n'.repeat(10_000));
          stop.abort(new Error('stopped by the test'));
        }
      })(),
    );
    const run = convert({ stream: endless, bytes: 1 }, {}, { signal: stop.signal });
    await expect(run).rejects.toThrow('stopped by the test');
  });

  it('a conversion stops while DuckDB works on it, and leaves nothing on the disk', async () => {
    const before = await leftovers();
    const stop = new AbortController();
    const rows = Array.from({ length: 1_000_000 }, (_, n) => `${n},${n % 97},text ${n}\n`).join('');
    const input = Readable.from([Buffer.from(`a,b,c\n${rows}`)]);
    const run = convert({ stream: input, bytes: 1 }, {}, { signal: stop.signal });
    const ended = expect(run).rejects.toThrow('stopped by the test');
    // DuckDB is at it once the folder of the results is there.
    await expect.poll(() => resultsBegun(before), { interval: 5 }).toBe(true);
    stop.abort(new Error('stopped by the test'));
    await ended;
    await expect.poll(leftovers).toEqual(before);
  });
});

describe('a table of 200 MB', () => {
  it('a table of 200 MB is converted with a small share of memory', { tags: ['heavy'] }, async () => {
    const file = join(folder, 'large.csv');
    const block = (from: number): string =>
      Array.from({ length: 10_000 }, (_, n) => {
        const id = from + n;
        return `${id},name ${(id * 7_919) % 100_003},${(id % 1_000) / 8},2024-01-${10 + (id % 19)},text ${(id * 2_654_435_761) % 4_294_967_296}\n`;
      }).join('');
    let rows = 0;
    let bytes = 0;
    await pipeline(function* () {
      yield 'id,name,price,day,note\n';
      while (bytes < 200_000_000) {
        const text = block(rows);
        rows += 10_000;
        bytes += text.length;
        yield text;
      }
    }, createWriteStream(file));
    const rssBefore = process.memoryUsage.rss();
    let peak = rssBefore;
    const sampler = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage.rss());
    }, 20);
    const began = performance.now();
    const run = await convert({ stream: createReadStream(file), bytes }, {}, { memoryBytes: 200 * 1_048_576 });
    clearInterval(sampler);
    const mib = (value: number): number => Math.round(value / 1_048_576);
    console.log(
      `${mib(bytes)} MiB in ${((performance.now() - began) / 1_000).toFixed(1)} s with a share of 200 MiB: ${mib(rssBefore)} MiB before, ${mib(peak)} at the peak`,
    );
    expect(run.result).toMatchObject({ rows, badRows: 0 });
    expect(run.result.schema.map(({ type }) => type)).toEqual(['BIGINT', 'VARCHAR', 'DOUBLE', 'DATE', 'VARCHAR']);
  });
});

const SYNTAX = { delimiter: ',', quote: '"', escape: '"', comment: '', skipLines: 0 };

describe('csvRows', () => {
  const all = async (bytes: Buffer, cut: number) => {
    const rows = [];
    const source = (async function* () {
      for (let at = 0; at < bytes.length; at += cut) yield bytes.subarray(at, at + cut);
    })();
    for await (const some of csvRows(source, SYNTAX)) rows.push(...some);
    return rows.map(({ line, bytes, fields, problem }) => ({ line, text: bytes.toString('latin1'), fields, problem }));
  };

  it('csvRows finds the same rows in any chunks', async () => {
    const piece = fc.constantFrom('a', ',', '"', '\n', '\r', '\r\n', '""', 'ü', '"x"', ',"a,b",');
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 40 }), fc.integer({ min: 1, max: 7 }), async (pieces, cut) => {
        const bytes = Buffer.from(pieces.join(''));
        expect(await all(bytes, cut)).toEqual(await all(bytes, Math.max(bytes.length, 1)));
      }),
      { numRuns: 1_000 },
    );
  });
});

/** Whether a conversion whose folder wasn't there before has got to writing its results. */
async function resultsBegun(before: readonly string[]): Promise<boolean> {
  const folders = (await leftovers()).filter((name) => !before.includes(name));
  return folders.some((name) => existsSync(join(tmpdir(), name, 'output')));
}

async function leftovers(): Promise<string[]> {
  return (await readdir(tmpdir())).filter((name) => /^sluice-parquet-(?!test-)/.test(name));
}
