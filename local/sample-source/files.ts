import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip, zstdCompress } from 'node:zlib';
import { generatedBytes } from './generated.ts';

/** A file that the sample source serves. */
export interface SampleFile {
  readonly contentType: string;
  readonly bytes: number;
  /** A strong ETag, with its quotes. */
  readonly etag: string;
  /** The bytes [start, end). */
  read(start: number, end: number): Iterable<Buffer>;
}

/** The names of the real data sets, which all come from the npm package vega-datasets. */
export const DATA_SETS = [
  'airports.csv',
  'cars.json',
  'earthquakes.json',
  'flights-20k.json',
  'flights-3m.parquet',
  'movies.json.zst',
  'penguins.json',
  'seattle-weather.csv',
  'unemployment.tsv',
  'zipcodes.csv.gz',
] as const;

/** A file that is generated while it is read. */
export const GENERATED_FILE = 'generated-128MiB.bin';
const GENERATED_BYTES = 128 * 1_024 * 1_024;

/** Answers 503 twice, then 200. */
export const BUSY_FILE = 'stocks.csv';

const TYPES: Readonly<Record<string, string>> = {
  csv: 'text/csv',
  tsv: 'text/tab-separated-values',
  json: 'application/json',
  parquet: 'application/vnd.apache.parquet',
  gz: 'application/gzip',
  zst: 'application/zstd',
  bin: 'application/octet-stream',
};

/** All files by name. Reads the data sets, about 30 MiB, and compresses those that are served compressed. */
export async function loadFiles(): Promise<ReadonlyMap<string, SampleFile>> {
  const stored = await Promise.all(
    [...DATA_SETS, BUSY_FILE].map(async (name) => [name, storedFile(name, await content(name))] as const),
  );
  const generated = {
    contentType: typeOf(GENERATED_FILE),
    bytes: GENERATED_BYTES,
    etag: `"generated-${GENERATED_BYTES}"`,
    read: generatedBytes,
  };
  return new Map<string, SampleFile>([...stored, [GENERATED_FILE, generated]]);
}

async function content(name: string): Promise<Buffer> {
  const folder = join(dirname(fileURLToPath(import.meta.resolve('vega-datasets'))), '../data');
  if (name.endsWith('.gz')) return promisify(gzip)(await readFile(join(folder, name.slice(0, -3))));
  if (name.endsWith('.zst')) return promisify(zstdCompress)(await readFile(join(folder, name.slice(0, -4))));
  return readFile(join(folder, name));
}

function storedFile(name: string, body: Buffer): SampleFile {
  return {
    contentType: typeOf(name),
    bytes: body.length,
    etag: `"${createHash('sha256').update(body).digest('hex').slice(0, 32)}"`,
    read: (start, end) => [body.subarray(start, end)],
  };
}

function typeOf(name: string): string {
  return TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
}
