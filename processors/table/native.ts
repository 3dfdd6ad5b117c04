import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import * as z from 'zod';
import { workerClients } from '#run/fleet/worker-clients.ts';
import { ParquetNotDeployedError } from './errors.ts';

/** DuckDB's native files as the task definition names them. */
const filesSchema = z
  .array(z.strictObject({ name: z.string().regex(/^[\w.-]+$/), key: z.string(), sha256: z.hex().length(64) }))
  .min(1);

/** A file of DuckDB's isn't the one that the task definition speaks of. */
export class NativeFileError extends Error {
  override readonly name = 'NativeFileError';
}

let loading: Promise<typeof import('@duckdb/node-api')> | undefined;

/**
 * DuckDB, loaded by the first item that needs it. In a worker's bundle its native part is fetched from the bucket of the
 * bundle then; everywhere else it is the package in node_modules.
 *
 * @throws ParquetNotDeployedError where the bundle comes without it.
 */
export function loadDuckDb(): Promise<typeof import('@duckdb/node-api')> {
  loading ??= load().catch((error: unknown) => {
    // The next item may find S3 in a better state.
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(): Promise<typeof import('@duckdb/node-api')> {
  const { SLUICE_DUCKDB_FILES: files, SLUICE_BUNDLE_BUCKET: bucket } = process.env;
  if (bucket !== undefined) {
    if (files === undefined || files === '') {
      throw new ParquetNotDeployedError(
        'this deployment has no DuckDB: deploy it with the setting workers.parquet=true',
      );
    }
    process.env.SLUICE_DUCKDB_BINDINGS ??= await fetchFiles(bucket, files);
  }
  return await import('@duckdb/node-api');
}

/** @returns the file that Node loads; it finds the others beside it. */
async function fetchFiles(bucket: string, json: string): Promise<string> {
  const files = filesSchema.parse(JSON.parse(json));
  const { s3 } = workerClients(process.env);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-duckdb-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const { name, key, sha256 } of files) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    const packed = (await Body?.transformToByteArray()) ?? new Uint8Array();
    const found = createHash('sha256').update(packed).digest('hex');
    if (found !== sha256) {
      throw new NativeFileError(`s3://${bucket}/${key} has SHA-256 ${found}, the task definition says ${sha256}`);
    }
    await writeFile(join(folder, name), await promisify(zstdDecompress)(packed), { mode: 0o755 });
  }
  s3.destroy();
  return join(folder, 'duckdb.node');
}
