import { availableParallelism } from 'node:os';
import type { DuckDBConnection } from '@duckdb/node-api';
import { ConversionError, ConversionMemoryError } from './errors.ts';
import { loadDuckDb } from './native.ts';
import { literal } from './sql.ts';

const MIB = 1_048_576;
/**
 * The part of a conversion's memory that DuckDB does not count: read-ahead of the input, buffers of the output, and
 * DuckDB's allocations outside its limit.
 */
const UNCOUNTED_MIB = 128;
/** With less memory, DuckDB has no room for its own read buffers of 32 MiB. */
const LEAST_MIB = 96;
/** A thread needs its own read buffers and row group. */
const MIB_A_THREAD = 192;

export type Rows = Record<string, unknown>[];

/** DuckDB for one item, in memory and without access to anything else. */
export interface Database {
  /**
   * @returns the rows, with numbers of more than 32 bits as texts.
   * @throws ConversionMemoryError; ConversionError; Error if the disk is full, which may be temporary.
   */
  run(sql: string): Promise<Rows>;
}

/**
 * Opens a DuckDB that can read and write in one folder and nowhere else, loads no extensions, and stays within a share
 * of the memory and the disk. Data that doesn't fit into memory is written to `spill` in the folder.
 *
 * The input can't change the limits: they are locked before the first byte of the input is read.
 */
export async function withDuckDb<T>(
  options: { folder: string; memoryBytes: number; diskBytes: number; signal: AbortSignal },
  use: (database: Database) => Promise<T>,
): Promise<T> {
  const { folder, signal } = options;
  const { DuckDBInstance } = await loadDuckDb();
  const memoryMib = Math.max(Math.floor(options.memoryBytes / MIB) - UNCOUNTED_MIB, LEAST_MIB);
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: `${memoryMib}MiB`,
    threads: String(Math.min(Math.max(Math.floor(memoryMib / MIB_A_THREAD), 1), availableParallelism())),
    temp_directory: `${folder}/spill`,
    max_temp_directory_size: `${Math.floor(options.diskBytes / MIB)}MiB`,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
  });
  let connection: DuckDBConnection | undefined;
  const interrupt = (): void => connection?.interrupt();
  signal.addEventListener('abort', interrupt);
  try {
    connection = await instance.connect();
    const run = runnerOf(connection, folder, memoryMib, signal);
    // So a timestamp without a zone means the same on every machine.
    await run(`SET TimeZone = 'UTC'`);
    await run(`SET allowed_directories = [${literal(folder)}]`);
    await run('SET enable_external_access = false');
    await run('SET lock_configuration = true');
    return await use({ run });
  } finally {
    signal.removeEventListener('abort', interrupt);
    connection?.closeSync();
    instance.closeSync();
  }
}

function runnerOf(connection: DuckDBConnection, folder: string, memoryMib: number, signal: AbortSignal) {
  return async (sql: string): Promise<Rows> => {
    signal.throwIfAborted();
    try {
      return (await (await connection.run(sql)).getRowObjectsJson()) as Rows;
    } catch (cause) {
      signal.throwIfAborted();
      // DuckDB's message ends with the statement, which may be long.
      const [said = ''] = (cause as Error).message.split('\n\nLINE 1:');
      const message = said.replaceAll(`${folder}/`, '').slice(0, 1_000);
      if (/No space left on device/.test(message)) throw new Error(`the disk is full: ${message}`, { cause });
      if (/^Out of Memory Error/.test(message)) {
        throw new ConversionMemoryError(
          `the conversion needs more than the ${memoryMib} MiB it may take; raise workers.memoryMiB, or lower workers.itemsAtOnce or the option rowGroupRows: ${message}`,
          { cause },
        );
      }
      throw new ConversionError(`DuckDB refuses: ${message}`, { cause });
    }
  };
}
