import { pipeline } from 'node:stream/promises';
import { extract, type Header } from 'tar-stream';
import type { Entry } from './entry.ts';
import { BrokenArchiveError } from './errors.ts';

/** Missing in the types of the package: accept also the format before POSIX, which has no magic word. */
const ALSO_OLD = { allowUnknownFormat: true } as Parameters<typeof extract>[0];
const BLOCK = 512;
const CHECKSUM_AT = 148;
const CHECKSUM_END = 156;

const KINDS: Readonly<Record<string, string>> = {
  directory: 'a folder',
  symlink: 'a symbolic link',
  link: 'a hard link',
  fifo: 'a pipe',
  'character-device': 'a device',
  'block-device': 'a device',
};

/**
 * Returns whether a content begins with a tar header: the checksum in the header is correct, in the old format and in
 * POSIX's.
 */
export function isTar(head: Buffer): boolean {
  if (head.length < BLOCK) return false;
  const stated = Number.parseInt(head.toString('latin1', CHECKSUM_AT, CHECKSUM_END).replaceAll(/[\0 ]+/g, ''), 8);
  let sum = 0;
  for (let at = 0; at < BLOCK; at++) sum += at >= CHECKSUM_AT && at < CHECKSUM_END ? 0x20 : (head[at] ?? 0);
  return sum === stated;
}

/**
 * Returns the entries of a tar stream, in order. tar-stream reads ustar, GNU's long names and POSIX's extended headers.
 *
 * @throws BrokenArchiveError if the archive is damaged or lacks its end: an archive that was cut between two files
 * looks complete otherwise.
 */
export async function* tarEntries(source: AsyncIterable<Buffer>): AsyncGenerator<Entry> {
  const tar = extract(ALSO_OLD);
  const last = new LastBlock();
  const feeding = pipeline(source, (chunks) => last.watch(chunks), tar);
  // The reader of the entries gets this error too.
  feeding.catch(() => undefined);
  try {
    for await (const entry of tar) {
      yield {
        name: entry.header.name,
        otherKind: otherKindOf(entry.header),
        open: () => content(entry as AsyncIterable<Buffer>, feeding),
      };
      // Skips what was not read.
      entry.resume();
    }
    await feeding;
  } catch (error) {
    throw await tarError(error, feeding);
  }
  if (!last.isZero) {
    throw new BrokenArchiveError(
      'the tar archive is incomplete: the block of zeros at the end of an archive is missing',
    );
  }
}

function otherKindOf({ type, pax }: Header): string | undefined {
  if (type === 'file' || type === 'contiguous-file') {
    // The file's bytes lack its holes, and begin with a list of the holes.
    return Object.keys((pax as object | null | undefined) ?? {}).some((key) => key.startsWith('GNU.sparse.'))
      ? 'a sparse file'
      : undefined;
  }
  return KINDS[type] ?? 'of an unsupported kind, such as a sparse file';
}

async function* content(entry: AsyncIterable<Buffer>, feeding: Promise<void>): AsyncGenerator<Buffer> {
  try {
    yield* entry;
  } catch (error) {
    throw await tarError(error, feeding);
  }
}

/** Returns the source's error, if it has one. tar-stream's own errors have no class or code. */
async function tarError(thrown: unknown, feeding: Promise<void>): Promise<Error> {
  const error = await feeding.then(
    () => thrown as Error,
    (reason: Error) => reason,
  );
  const { code } = error as NodeJS.ErrnoException;
  if (error.name !== 'Error' || code !== undefined) return error;
  return new BrokenArchiveError(`the tar archive is incomplete or damaged: ${error.message}`, { cause: error });
}

/** Keeps the last 512 bytes of a stream. */
class LastBlock {
  #last: Buffer = Buffer.alloc(0);

  get isZero(): boolean {
    return this.#last.length === BLOCK && this.#last.every((byte) => byte === 0);
  }

  async *watch(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      this.#last = Buffer.concat([this.#last, chunk.subarray(-BLOCK)]).subarray(-BLOCK);
      yield chunk;
    }
  }
}
