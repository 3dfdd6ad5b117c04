import { pipeline } from 'node:stream/promises';
import { extract, type Header } from 'tar-stream';
import type { Entry } from './entry.ts';
import { BrokenArchiveError } from './errors.ts';

/** The package's types don't know it: also the format before POSIX, which has no magic word. */
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

/** Whether a content begins with a header of tar: its checksum is that of the block, in the old format as in POSIX's. */
export function isTar(head: Buffer): boolean {
  if (head.length < BLOCK) return false;
  const stated = Number.parseInt(head.toString('latin1', CHECKSUM_AT, CHECKSUM_END).replaceAll(/[\0 ]+/g, ''), 8);
  let sum = 0;
  for (let at = 0; at < BLOCK; at++) sum += at >= CHECKSUM_AT && at < CHECKSUM_END ? 0x20 : (head[at] ?? 0);
  return sum === stated;
}

/**
 * The entries of a tar stream, in order. tar-stream reads ustar, GNU's long names and POSIX's extended headers.
 *
 * @throws BrokenArchiveError where it is damaged or lacks its end: an archive that was cut between two files looks whole otherwise.
 */
export async function* tarEntries(source: AsyncIterable<Buffer>): AsyncGenerator<Entry> {
  const tar = extract(ALSO_OLD);
  const last = new LastBlock();
  const feeding = pipeline(source, (chunks) => last.watch(chunks), tar);
  // Whoever reads the entries hears of it too.
  feeding.catch(() => undefined);
  try {
    for await (const entry of tar) {
      yield {
        name: entry.header.name,
        otherKind: otherKindOf(entry.header),
        open: () => content(entry as AsyncIterable<Buffer>, feeding),
      };
      // What was not read is passed by.
      entry.resume();
    }
    await feeding;
  } catch (error) {
    throw await tarError(error, feeding);
  }
  if (!last.isZero) {
    throw new BrokenArchiveError('the tar archive breaks off: the block of zeros that ends an archive is not there');
  }
}

function otherKindOf({ type, pax }: Header): string | undefined {
  if (type === 'file' || type === 'contiguous-file') {
    // The file's bytes lack its holes, and begin with a list of them.
    return Object.keys((pax as object | null | undefined) ?? {}).some((key) => key.startsWith('GNU.sparse.'))
      ? 'a sparse file'
      : undefined;
  }
  return KINDS[type] ?? 'of a kind that is not unpacked, such as a sparse file';
}

async function* content(entry: AsyncIterable<Buffer>, feeding: Promise<void>): AsyncGenerator<Buffer> {
  try {
    yield* entry;
  } catch (error) {
    throw await tarError(error, feeding);
  }
}

/** The source's error where it has one. tar-stream's own have no class or code of their own. */
async function tarError(thrown: unknown, feeding: Promise<void>): Promise<Error> {
  const error = await feeding.then(
    () => thrown as Error,
    (reason: Error) => reason,
  );
  const { code } = error as NodeJS.ErrnoException;
  if (error.name !== 'Error' || code !== undefined) return error;
  return new BrokenArchiveError(`the tar archive breaks off or is damaged: ${error.message}`, { cause: error });
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
