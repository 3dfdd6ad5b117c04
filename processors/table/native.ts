import { createHash } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import * as z from 'zod';
import { workerClients } from '#run/fleet/worker-clients.ts';
import { ParquetNotDeployedError } from './errors.ts';
import { onceForAll } from './once-for-all.ts';

/** DuckDB's native files in the task definition. */
const filesSchema = z
  .array(z.strictObject({ name: z.string().regex(/^[\w.-]+$/), key: z.string(), sha256: z.hex().length(64) }))
  .min(1);

/** A file of DuckDB differs from the one in the task definition. */
export class NativeFileError extends Error {
  override readonly name = 'NativeFileError';
}

let loading: Promise<typeof import('@duckdb/node-api')> | undefined;

/**
 * Loads DuckDB with the first item of a process that needs it. In a worker's bundle, the first process downloads its
 * native part from the bundle's bucket; everywhere else it is the package in node_modules.
 *
 * @throws ParquetNotDeployedError if the bundle has no DuckDB.
 */
export function loadDuckDb(): Promise<typeof import('@duckdb/node-api')> {
  loading ??= load().catch((error: unknown) => {
    // S3 may work again when the next item needs it.
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(): Promise<typeof import('@duckdb/node-api')> {
  const { SLUICE_DUCKDB_FILES: files, SLUICE_BUNDLE_BUCKET: bucket, SLUICE_ITEMS_FOLDER: shared } = process.env;
  if (bucket !== undefined) {
    if (files === undefined || files === '') {
      throw new ParquetNotDeployedError(
        'this deployment has no DuckDB: deploy it with the setting workers.parquet=true',
      );
    }
    const { s3 } = workerClients(process.env);
    process.env.SLUICE_DUCKDB_BINDINGS ??= await nativeFiles(s3, bucket, files, shared ?? (await ownFolder()));
    s3.destroy();
  }
  return await import('@duckdb/node-api');
}

/** Makes a folder if no worker has made one for all its item processes. */
async function ownFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-duckdb-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * Downloads, checks and unpacks DuckDB's native files, once for all processes of a worker. They share a folder that
 * contains either all files or none.
 *
 * @param json the files according to the task definition.
 * @param shared the folder. The caller removes it.
 * @returns the file that Node loads; the other files are beside it.
 * @throws NativeFileError for a file with another checksum.
 */
async function nativeFiles(s3: S3Client, bucket: string, json: string, shared: string): Promise<string> {
  const name = `duckdb-${createHash('sha256').update(json).digest('hex').slice(0, 16)}`;
  const folder = join(shared, name);
  const main = join(folder, 'duckdb.node');
  const isThere = () => existsSync(main);
  await mkdir(shared, { recursive: true });
  await onceForAll(join(shared, `${name}.lock`), isThere, async () => {
    const fresh = await mkdtemp(join(shared, `${name}-`));
    try {
      for (const file of filesSchema.parse(JSON.parse(json))) await fetchFile(s3, bucket, file, fresh);
      // Another process may have been faster: a folder with files is not replaced.
      await rename(fresh, folder).catch((error: unknown) => {
        if (!isThere()) throw error;
      });
    } finally {
      await rm(fresh, { recursive: true, force: true });
    }
  });
  return main;
}

async function fetchFile(
  s3: S3Client,
  bucket: string,
  { name, key, sha256 }: z.infer<typeof filesSchema>[number],
  folder: string,
): Promise<void> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  const packed = (await Body?.transformToByteArray()) ?? new Uint8Array();
  const found = createHash('sha256').update(packed).digest('hex');
  if (found !== sha256) {
    throw new NativeFileError(`s3://${bucket}/${key} has SHA-256 ${found}, the task definition says ${sha256}`);
  }
  await writeFile(join(folder, name), await promisify(brotliDecompress)(packed), { mode: 0o755 });
}
