import { createReadStream } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import * as z from 'zod';
import type { ProcessorContext } from './contract/processor.ts';
import { defineProcessor } from './contract/processor.ts';
import { convert } from './parquet/convert.ts';
import type { Compression } from './table/decompress.ts';
import { NoTableError } from './table/errors.ts';
import { readOptions } from './table/options.ts';
import { readInput } from './table/read-input.ts';
import { Rejects } from './table/rejects.ts';
import type { TableForm } from './table/table.ts';

/** The result contains this much of a schema; each Parquet file contains the whole schema. */
const MAX_SCHEMA_BYTES = 131_072;
const PARQUET = 'application/vnd.apache.parquet';

/** The result for an object that was converted. */
export type ParquetResult = {
  format: TableForm['format'] | 'empty';
  compression: Compression;
  encoding: string | null;
  delimiter: string | null;
  header: boolean | null;
  /** Lines before the table that were left out, such as titles and notes. */
  skippedLines: number;
  /** Rows in the Parquet files. */
  rows: number;
  /** Rows that are not in the Parquet files, and how many of them `rejects.jsonl` contains. */
  badRows: number;
  badRowsKept: number;
  files: number;
  parquetBytes: number;
  /** Bytes of the unpacked input. */
  uncompressedBytes: number;
  columns: number;
  schema: { name: string; type: string }[];
  /** Whether the schema above was shortened. The schema in the files is complete. */
  schemaCut: boolean;
};

/**
 * Converts a table (CSV, TSV, JSON, JSON Lines or Parquet, plain, gzip or zstd) to Parquet with DuckDB.
 *
 * The input is unpacked into a file on the task's disk, so a task needs disk space for it and for the Parquet files.
 * Types are inferred from all rows, so an inferred type rejects no row. Rows that can't be read, or don't fit a type in
 * the options, are counted, and the output `rejects.jsonl` contains the first of them with the reason.
 */
export const parquet = defineProcessor({
  name: 'parquet',
  options: z
    .strictObject({
      ...readOptions,
      /** Columns that become folders such as `city=Bonn/`, which Hive, Athena and Spark can read. */
      partitionBy: z.array(z.string().min(1).max(500)).max(5).default([]),
      maxPartitions: z.int().min(1).max(2_000).default(500),
      /** The approximate size at which the next file begins. */
      fileMiB: z.int().min(1).max(65_536).optional(),
      rowGroupRows: z.int().min(2_048).max(1_048_576).default(122_880),
      /** How many bad rows are stored. */
      keepBadRows: z.int().min(0).max(10_000).default(1_000),
    })
    .refine((options) => options.fileMiB === undefined || options.partitionBy.length === 0, {
      path: ['fileMiB'],
      error: 'can not be combined with partitionBy: DuckDB supports only one of the two',
    }),
  async process(item, context): Promise<ParquetResult> {
    const rejects = new Rejects(item.options.keepBadRows);
    const read = await readInput(
      { ...item, processor: 'parquet' },
      context,
      rejects,
      async (table, database, { folder }) => {
        // A table without columns has no Parquet file.
        if (table.columns.length === 0) return { ...NO_FILES, ...(await keepRejects(rejects, context)) };
        const results = join(folder, 'output');
        await convert(database, table, results, { ...item.options, memoryBytes: context.memoryBytes });
        return { ...(await keepRejects(rejects, context)), ...(await keepFiles(results, context)) };
      },
    );
    const { compression, uncompressedBytes } = read;
    if (read.table === undefined) {
      const { format, encoding, reason } = read.content;
      if (format !== 'empty') throw new NoTableError(reason);
      const nothing = { rows: 0, badRows: 0, badRowsKept: 0, columns: 0, schema: [], schemaCut: false };
      return { format, compression, encoding, uncompressedBytes, ...NO_FORM, ...nothing, ...NO_FILES };
    }
    const { format, encoding, delimiter, header, skippedLines, rows, columns } = read.table;
    return {
      ...{ format, compression, encoding, delimiter, header, skippedLines, uncompressedBytes, rows },
      ...read.value,
      columns: columns.length,
      ...shortened(columns.map(({ name, type }) => ({ name, type }))),
    };
  },
});

const NO_FORM = { delimiter: null, header: null, skippedLines: 0 };
const NO_FILES = { files: 0, parquetBytes: 0 };

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

/** Stores the Parquet files under the names that DuckDB gave them. Each file is deleted after it is stored. */
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
