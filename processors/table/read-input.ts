import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProcessorContext, ProcessorItem } from '../contract/processor.ts';
import { type Compression, compressionOf, decompress } from './decompress.ts';
import type { Database } from './duckdb.ts';
import { openTable } from './open-table.ts';
import type { ReadOptions } from './options.ts';
import { peek } from './peek.ts';
import type { Rejects } from './rejects.ts';
import type { NoTable, Table, TableAbout, Workspace } from './table.ts';

const MIB = 1_048_576;
/** The form of the table is detected from this many bytes, and its first row must end within them. */
const HEAD_BYTES = MIB;

/** The bytes of an object, as stored and unpacked. */
export interface InputBytes {
  readonly compression: Compression;
  readonly bytes: number;
  readonly uncompressedBytes: number;
}

/** The content of an object: a table, from which `value` was made, or something else. */
export type ReadInput<T> = InputBytes &
  ({ readonly table: TableAbout; readonly value: T } | { readonly table: undefined; readonly content: NoTable });

/**
 * Reads an object as a table: unpacks it on the task's disk, detects its form, leaves out and counts bad rows, and
 * gives each column its type. `profile` and `parquet` both use it, and so give the same answer.
 *
 * @param use is called with the table while DuckDB has it open; the workspace is deleted after it returns.
 * @param see is called with the bytes as they are stored.
 * @throws MalformedInputError, NoTableError, InputTooLargeError, TooManyBadRowsError, ColumnError, and what {@link
 * Database} throws.
 */
export async function readInput<T>(
  item: ProcessorItem<ReadOptions> & { readonly processor: string },
  context: ProcessorContext,
  rejects: Rejects,
  use: (table: Table, database: Database, workspace: Workspace) => Promise<T>,
  see: (chunk: Buffer) => void = () => undefined,
): Promise<ReadInput<T>> {
  const folder = await mkdtemp(join(tmpdir(), `sluice-${item.processor}-`));
  try {
    // A third of the free disk each: for the input, for data that doesn't fit into DuckDB's memory, and for what is
    // made from the table.
    const { bavail, bsize } = await statfs(folder);
    const diskBytes = Math.floor((bavail * bsize) / 3);
    const maxInputBytes = Math.min(diskBytes, (item.options.maxInputMiB ?? Number.POSITIVE_INFINITY) * MIB);
    const workspace = { folder, diskBytes, maxInputBytes };
    const stored = new Counted(context.openInput(), (chunk, bytes) => {
      context.signal.throwIfAborted();
      see(chunk);
      context.progress({ bytes });
    });
    const { head: magic, all } = await peek(stored.read(), 8);
    const compression = compressionOf(magic);
    const unpacked = new Counted(decompress(all, compression));
    const peeked = await peek(unpacked.read(), HEAD_BYTES);
    const opened = await openTable({ ...peeked, item, context, workspace, rejects }, use);
    return { ...opened, compression, bytes: stored.bytes, uncompressedBytes: unpacked.bytes };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Counts the bytes of a stream while they pass. */
class Counted {
  readonly #source: AsyncIterable<Buffer>;
  readonly #see: (chunk: Buffer, bytes: number) => void;
  bytes = 0;

  constructor(source: AsyncIterable<Buffer>, see: (chunk: Buffer, bytes: number) => void = () => undefined) {
    this.#source = source;
    this.#see = see;
  }

  async *read(): AsyncGenerator<Buffer> {
    for await (const chunk of this.#source) {
      this.bytes += chunk.length;
      this.#see(chunk, this.bytes);
      yield chunk;
    }
  }
}
