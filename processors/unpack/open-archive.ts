import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { bounded } from '../table/bounded.ts';
import { compressionOf, decompress } from '../table/decompress.ts';
import { peek } from '../table/peek.ts';
import type { Archive, Entry } from './entry.ts';
import { ArchiveTooLargeError, NoArchiveError } from './errors.ts';
import { isTar, tarEntries } from './tar.ts';
import { openZip } from './zip.ts';

/** The length of a tar header. */
const HEAD_BYTES = 512;
/**
 * The signatures of a file at the beginning, of the end of an archive without files, and of an archive in several
 * parts.
 */
const ZIP_SIGNATURES = ['PK\x03\x04', 'PK\x05\x06', 'PK\x07\x08'];
/** Archives that are recognised only to refuse them by name. */
const OTHERS: readonly (readonly [string, string])[] = [
  ['7z\xbc\xaf\x27\x1c', 'a 7-Zip archive'],
  ['Rar!\x1a\x07', 'a RAR archive'],
  ['BZh', 'packed by bzip2'],
  ['\xfd7zXZ\x00', 'packed by xz'],
];

/**
 * Recognises the kind of an archive by its content, and opens it: ZIP, tar, gzip or zstd around a tar or around one
 * file.
 *
 * @param name of the object: a single compressed file gets its name from it.
 * @param folder where a ZIP archive is stored, because its list of files is at its end; it may take so many bytes of
 * the disk.
 * @throws NoArchiveError for anything else; ArchiveTooLargeError.
 */
export async function openArchive(input: Readable, name: string, folder: string, diskBytes: number): Promise<Archive> {
  const stored = await peek(chunksOf(input), HEAD_BYTES);
  const begins = stored.head.toString('latin1', 0, 8);
  if (ZIP_SIGNATURES.some((signature) => begins.startsWith(signature))) {
    const file = join(folder, 'archive.zip');
    const tooLarge = () =>
      new ArchiveTooLargeError(
        `${name} has more than ${diskBytes} bytes, the limit for a ZIP archive on the task's disk; raise workers.diskGiB`,
      );
    await pipeline(bounded(stored.all, diskBytes, tooLarge), createWriteStream(file));
    return openZip(file);
  }
  const compression = compressionOf(stored.head);
  const content = await peek(decompress(stored.all, compression), HEAD_BYTES);
  if (isTar(content.head)) {
    return { format: 'tar', entries: tarEntries(content.all), isKnown: false, close: () => undefined };
  }
  if (compression === 'none') throw new NoArchiveError(`${name} is ${whatElse(begins, content.head)}`);
  return { format: compression, entries: oneFile(content.all, name), isKnown: false, close: () => undefined };
}

function whatElse(begins: string, head: Buffer): string {
  const other = OTHERS.find(([signature]) => begins.startsWith(signature))?.[1];
  if (other !== undefined) return `${other}; ZIP, tar, gzip and zstd are unpacked`;
  if (head.length === 0) return 'empty, and not an archive';
  return 'not an archive by its content: ZIP, tar, gzip and zstd are unpacked';
}

async function* chunksOf(input: Readable): AsyncGenerator<Buffer> {
  yield* input as AsyncIterable<Buffer>;
}

async function* oneFile(content: AsyncIterable<Buffer>, name: string): AsyncGenerator<Entry> {
  const base = name.slice(name.lastIndexOf('/') + 1);
  yield {
    name: base.replace(/(?<=.)\.(gz|gzip|zst|zstd)$/i, ''),
    otherKind: undefined,
    open: () => content,
  };
}
