import { createReadStream } from 'node:fs';
import { mkdtemp, readdir, rm, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as z from 'zod';
import { defineProcessor, type ProcessorContext } from './contract/processor.ts';
import { cleanInput } from './parquet/clean-input.ts';
import { convert } from './parquet/convert.ts';
import { withDuckDb } from './parquet/duckdb.ts';
import { TooManyBadRowsError } from './parquet/errors.ts';
import { Rejects } from './parquet/rejects.ts';
import type { Compression } from './profile/decompress.ts';
import type { Encoding } from './profile/detect.ts';

const MIB = 1_048_576;
/** The result lists so much of a schema; each Parquet file holds the whole. */
const MAX_SCHEMA_BYTES = 131_072;
const PARQUET = 'application/vnd.apache.parquet';

/** What became of an object that was converted. */
export type ParquetResult = {
  format: 'csv' | 'tsv' | 'json' | 'jsonl' | 'empty';
  compression: Compression;
  encoding: Encoding | null;
  delimiter: string | null;
  /** Rows in the Parquet files. */
  rows: number;
  /** Rows that are in none of them, and how many of those `rejects.jsonl` holds. */
  badRows: number;
  badRowsKept: number;
  files: number;
  parquetBytes: number;
  /** Of the input, unpacked. */
  uncompressedBytes: number;
  columns: number;
  schema: { name: string; type: string }[];
  /** Whether the schema above was cut, since it is long. The files' own isn't. */
  schemaCut: boolean;
};

/**
 * Converts CSV, TSV, JSON or JSON Lines, plain, gzip or zstd, to Parquet by DuckDB.
 *
 * The input is unpacked into a file on the task's disk, so a task needs room for it and for the Parquet files. Types come
 * from all rows: an inferred type costs no row. Rows that can't be read, or don't fit a type given in the options, are
 * counted, and the first of them stand in the output `rejects.jsonl` with the reason.
 */
export const parquet = defineProcessor({
  name: 'parquet',
  options: z
    .strictObject({
      /** What the content is, where it isn't told by its beginning. */
      format: z.enum(['csv', 'tsv', 'json', 'jsonl']).optional(),
      delimiter: z
        .string()
        .regex(/^[\t\x20-\x7e]$/, 'takes one ASCII character')
        .refine((character) => character !== '"', 'is what quotes fields')
        .optional(),
      /** Whether the first row holds the names of the columns. By default it does where it looks like it. */
      header: z.boolean().optional(),
      /** Types of columns by name; a row with a value that doesn't fit is a bad one. */
      types: z
        .record(
          z.string().min(1).max(500),
          z
            .string()
            .regex(
              /^(BOOLEAN|SMALLINT|INTEGER|BIGINT|HUGEINT|REAL|DOUBLE|DECIMAL\(\d{1,2}, ?\d{1,2}\)|DATE|TIME|TIMESTAMP|TIMESTAMPTZ|UUID|VARCHAR)$/,
              'takes BOOLEAN, SMALLINT, INTEGER, BIGINT, HUGEINT, REAL, DOUBLE, DECIMAL(p,s), DATE, TIME, TIMESTAMP, TIMESTAMPTZ, UUID or VARCHAR',
            ),
        )
        .default({}),
      /** Columns that become folders, `city=Bonn/`, as Hive, Athena and Spark read them. */
      partitionBy: z.array(z.string().min(1).max(500)).max(5).default([]),
      maxPartitions: z.int().min(1).max(2_000).default(500),
      /** About how large a file becomes before the next one begins. */
      fileMiB: z.int().min(1).max(65_536).optional(),
      rowGroupRows: z.int().min(2_048).max(1_048_576).default(122_880),
      /** More bad rows fail the item. */
      maxBadRows: z.int().min(0).optional(),
      /** How many bad rows are kept. */
      keepBadRows: z.int().min(0).max(10_000).default(1_000),
      /** More unpacked input fails the item, besides what the disk has no room for. */
      maxInputMiB: z.int().min(1).optional(),
    })
    .refine((options) => options.fileMiB === undefined || options.partitionBy.length === 0, {
      path: ['fileMiB'],
      error: 'can not be combined with partitionBy: DuckDB divides by one or the other',
    }),
  async process(item, context): Promise<ParquetResult> {
    const { options } = item;
    const rejects = new Rejects(options.keepBadRows);
    const folder = await mkdtemp(join(tmpdir(), 'sluice-parquet-'));
    try {
      // A third of the free disk each: for the input, for what DuckDB has no memory for, and for the Parquet files.
      const { bavail, bsize } = await statfs(folder);
      const diskBytes = Math.floor((bavail * bsize) / 3);
      const file = join(folder, 'input');
      const maxBytes = Math.min(diskBytes, (options.maxInputMiB ?? Number.POSITIVE_INFINITY) * MIB);
      const input = await cleanInput(bytesOf(context), options, file, maxBytes, rejects);
      context.logger.debug('the input is unpacked', { ...input, columns: input.columns.length });
      checkBadRows(rejects, input.rows, options.maxBadRows);
      const { format, compression, encoding, delimiter, uncompressedBytes } = input;
      const about = { format, compression, encoding, delimiter, uncompressedBytes };
      // Without a column there is no Parquet file.
      if (format === 'empty' || (input.rows === 0 && input.columns.length === 0)) {
        return { ...about, ...NOTHING, ...(await keepRejects(rejects, context)) };
      }
      const results = join(folder, 'output');
      const limits = { folder, memoryBytes: context.memoryBytes, diskBytes, signal: context.signal };
      const { rows, schema } = await withDuckDb(limits, (database) =>
        convert(database, input, file, results, options, rejects),
      );
      checkBadRows(rejects, rows, options.maxBadRows);
      await rm(file);
      return {
        ...about,
        rows,
        ...(await keepRejects(rejects, context)),
        ...(await keepFiles(results, context)),
        columns: schema.length,
        ...shortened(schema),
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
});

const NOTHING = { rows: 0, files: 0, parquetBytes: 0, columns: 0, schema: [], schemaCut: false };

async function* bytesOf(context: ProcessorContext): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of context.openInput() as Readable & AsyncIterable<Buffer>) {
    context.signal.throwIfAborted();
    bytes += chunk.length;
    context.progress({ bytes });
    yield chunk;
  }
}

/** @throws TooManyBadRowsError beyond the limit, and where no row is good. */
function checkBadRows({ count, sample }: Rejects, good: number | undefined, limit: number | undefined): void {
  const [first] = sample;
  const example =
    first === undefined ? '' : `; the first: ${first.line === null ? '' : `line ${first.line}, `}${first.reason}`;
  if (limit !== undefined && count > limit) {
    throw new TooManyBadRowsError(`${count} rows are bad, the option maxBadRows allows ${limit}${example}`);
  }
  if (count > 0 && good === 0) throw new TooManyBadRowsError(`each of the ${count} rows is bad${example}`);
}

async function keepRejects(
  rejects: Rejects,
  context: ProcessorContext,
): Promise<{ badRows: number; badRowsKept: number }> {
  const { count, sample } = rejects;
  if (sample.length > 0) {
    const lines = sample.map((reject) => `${JSON.stringify(reject)}\n`);
    await pipeline(lines, context.output('rejects.jsonl', 'application/x-ndjson'), { signal: context.signal });
  }
  if (count > 0) context.logger.warn('rows are bad and left out', { badRows: count, kept: sample.length });
  return { badRows: count, badRowsKept: sample.length };
}

/** Stores the Parquet files under the names that DuckDB gave them. Each is deleted once it is stored. */
async function keepFiles(folder: string, context: ProcessorContext): Promise<{ files: number; parquetBytes: number }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  let parquetBytes = 0;
  for (const [index, file] of names.entries()) {
    const { size } = await stat(file);
    const name = file.slice(folder.length + 1);
    await pipeline(createReadStream(file), context.output(name, PARQUET), { signal: context.signal });
    await rm(file);
    parquetBytes += size;
    context.progress({ filesStored: index + 1, of: names.length });
  }
  return { files: names.length, parquetBytes };
}

function shortened(schema: readonly { name: string; type: string }[]): Pick<ParquetResult, 'schema' | 'schemaCut'> {
  let bytes = 0;
  const listed = schema.filter((column) => {
    bytes += Buffer.byteLength(JSON.stringify(column)) + 1;
    return bytes <= MAX_SCHEMA_BYTES;
  });
  return { schema: listed, schemaCut: listed.length < schema.length };
}
