import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect } from 'vitest';
import type { Processor } from '#processors/contract/processor.ts';
import { testProcessor } from '#processors/contract/testing.ts';
import { type ParquetResult, parquet } from '#processors/parquet.ts';
import { type Profile, profile } from '#processors/profile.ts';

export interface Read {
  readonly profiled: Profile;
  readonly converted: ParquetResult;
  /** What stands in `data.parquet`, read by a DuckDB of its own. */
  readonly rows: Record<string, unknown>[];
  readonly rejects: Record<string, unknown>[];
}

/** Reads one object by both processors, which must say the same of it. */
export async function read(
  object: string | Buffer,
  options: Record<string, unknown> = {},
  name = 'object',
  contentType?: string,
): Promise<Read> {
  const item = { object, options, name, ...(contentType === undefined ? {} : { contentType }) };
  const { result: profiled } = await testProcessor<Profile>(profile as Processor, item);
  const run = await testProcessor<ParquetResult>(parquet as Processor, item);
  const { format, rows: count, badRows, columns, header, delimiter } = run.result;
  expect(profiled).toMatchObject({ format, rows: count, badRows, columns, header, delimiter });
  expect(profiled.statistics.map(({ name, type }) => ({ name, type }))).toEqual(run.result.schema.slice(0, 200));
  const content = run.outputs.get('data.parquet')?.content;
  const rejects = (run.outputs.get('rejects.jsonl')?.content.toString() ?? '').split('\n').filter(Boolean);
  return {
    profiled,
    converted: run.result,
    rows: content === undefined ? [] : await rowsOf(content),
    rejects: rejects.map((line) => JSON.parse(line)),
  };
}

/** One for all tests: to make an instance takes as long as a test. */
const connection = await (await DuckDBInstance.create(':memory:')).connect();

async function rowsOf(content: Buffer): Promise<Record<string, unknown>[]> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-tables-test-'));
  try {
    await writeFile(join(folder, 'data.parquet'), content);
    return (await (await connection.run(`FROM '${folder}/data.parquet'`)).getRowObjectsJson()) as Record<
      string,
      unknown
    >[];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export const typesOf = ({ converted }: Read): Record<string, string> =>
  Object.fromEntries(converted.schema.map(({ name, type }) => [name, type]));

/** Both fail, by one name and for one reason. */
export async function failureOf(object: string | Buffer, options: Record<string, unknown> = {}, name = 'object') {
  const errors = await Promise.all(
    [profile, parquet].map((processor) =>
      testProcessor(processor as Processor, { object, options, name }).then(
        () => 'no failure',
        (error: Error) => `${error.name}: ${error.message}`,
      ),
    ),
  );
  expect(errors[0]).toBe(errors[1]);
  return errors[0];
}

export const lines = (count: number, line: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => line(n)).join('');
