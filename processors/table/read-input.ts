import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { ProcessorContext, ProcessorItem } from '../contract/processor.ts';
import { type Compression, compressionOf, decompress } from './decompress.ts';
import type { Database } from './duckdb.ts';
import { openTable } from './open-table.ts';
import type { ReadOptions } from './options.ts';
import { peek } from './peek.ts';
import type { Rejects } from './rejects.ts';
import type { NoTable, Table, TableAbout, Workspace } from './table.ts';

const MIB = 1_048_576;
/** The table's form is told from so much, and its first row must lie within. */
const HEAD_BYTES = MIB;

/** An object's bytes, as they are stored and unpacked. */
export interface InputBytes {
  readonly compression: Compression;
  readonly bytes: number;
  readonly uncompressedBytes: number;
}

/** What an object holds: a table, which `value` was made of, or none. */
export type ReadInput<T> = InputBytes &
  ({ readonly table: TableAbout; readonly value: T } | { readonly table: undefined; readonly content: NoTable });

/**
 * Reads an object as a table: unpacks it on the task's disk, finds out its form, leaves out and counts bad rows, and gives each
 * column its type. `profile` and `parquet` both read by it, and so give the same answer.
 *
 * @param use is called with the table while DuckDB has it open; the workspace is gone when it has returned.
 * @param see is called with the bytes as they are stored.
 * @throws MalformedInputError, NoTableError, InputTooLargeError, TooManyBadRowsError, ColumnError, and what {@link Database} throws.
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
    // A third of the free disk each: for the input, for what DuckDB has no memory for, and for what is made of the table.
    const { bavail, bsize } = await statfs(folder);
    const diskBytes = Math.floor((bavail * bsize) / 3);
    const maxInputBytes = Math.min(diskBytes, (item.options.maxInputMiB ?? Number.POSITIVE_INFINITY) * MIB);
    const workspace = { folder, diskBytes, maxInputBytes };
    const stored = new Stored(context, see);
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

/** The bytes of the object as they pass by. */
class Stored {
  readonly #context: ProcessorContext;
  readonly #see: (chunk: Buffer) => void;
  bytes = 0;

  constructor(context: ProcessorContext, see: (chunk: Buffer) => void) {
    this.#context = context;
    this.#see = see;
  }

  async *read(): AsyncGenerator<Buffer> {
    const { signal, progress } = this.#context;
    for await (const chunk of this.#context.openInput() as Readable & AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      this.#see(chunk);
      this.bytes += chunk.length;
      progress({ bytes: this.bytes });
      yield chunk;
    }
  }
}

class Counted {
  readonly #source: AsyncGenerator<Buffer>;
  bytes = 0;

  constructor(source: AsyncGenerator<Buffer>) {
    this.#source = source;
  }

  async *read(): AsyncGenerator<Buffer> {
    for await (const chunk of this.#source) {
      this.bytes += chunk.length;
      yield chunk;
    }
  }
}
