import { crc32 } from 'node:zlib';
import { openPromise, type Entry as ZipEntry, type ZipFile } from 'yauzl';
import type { Archive, Entry } from './entry.ts';
import { BrokenArchiveError, EncryptedArchiveError, UnsafeArchiveError, UnsupportedArchiveError } from './errors.ts';

/** APPNOTE.TXT 4.4.5; yauzl unpacks 0 (stored) and 8 (deflate). */
const METHODS: Readonly<Record<number, string>> = {
  1: 'Shrink',
  6: 'Implode',
  9: 'Deflate64',
  12: 'bzip2',
  14: 'LZMA',
  93: 'zstd',
  95: 'xz',
  98: 'PPMd',
  99: 'AES',
};
/** The system on which an entry was made, in the upper byte of `versionMadeBy`: these systems write Unix's modes. */
const UNIX_SYSTEMS = [3, 19];
const UNIX_KIND = 0o170000;
const UNIX_LINK = 0o120000;
const UNIX_FILE = 0o100000;

/**
 * Reads the entries of a ZIP file on the disk from its central directory, so all of them are known before the first is
 * unpacked. yauzl reads Zip64, data descriptors, and names in UTF-8 and CP437. It does not check the CRC-32, so this
 * function does.
 *
 * @throws BrokenArchiveError, EncryptedArchiveError, UnsupportedArchiveError.
 */
export async function openZip(file: string): Promise<Archive> {
  const zip = await openPromise(file, { autoClose: false }).catch((error: Error) => {
    throw zipError(error);
  });
  return { format: 'zip', entries: entriesOf(zip), isKnown: true, close: () => zip.close() };
}

async function* entriesOf(zip: ZipFile): AsyncGenerator<Entry> {
  try {
    for await (const entry of zip.eachEntry()) {
      const { fileName: name } = entry;
      yield { name, otherKind: otherKindOf(entry), problem: problemOf(entry), open: () => content(zip, entry) };
    }
  } catch (error) {
    throw zipError(error as Error);
  }
}

function otherKindOf({ fileName, versionMadeBy, externalFileAttributes }: ZipEntry): string | undefined {
  if (fileName.endsWith('/')) return 'a folder';
  const kind = UNIX_SYSTEMS.includes(versionMadeBy >> 8) ? (externalFileAttributes >>> 16) & UNIX_KIND : 0;
  if (kind === UNIX_LINK) return 'a symbolic link';
  return kind === 0 || kind === UNIX_FILE ? undefined : 'a device';
}

function problemOf(entry: ZipEntry): Error | undefined {
  const name = JSON.stringify(entry.fileName.slice(0, 200));
  if (entry.isEncrypted()) return new EncryptedArchiveError(`${name} in the archive is encrypted`);
  if (entry.canDecodeFileData()) return undefined;
  const method = METHODS[entry.compressionMethod] ?? `method ${entry.compressionMethod}`;
  return new UnsupportedArchiveError(
    `${name} in the archive is packed by ${method}; stored and deflated files are read`,
  );
}

async function* content(zip: ZipFile, entry: ZipEntry): AsyncGenerator<Buffer> {
  let crc = 0;
  try {
    const stream = await zip.openReadStreamPromise(entry);
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      crc = crc32(chunk, crc);
      yield chunk;
    }
  } catch (error) {
    throw zipError(error as Error, entry.fileName);
  }
  if (crc !== entry.crc32) {
    throw new BrokenArchiveError(
      `${JSON.stringify(entry.fileName.slice(0, 200))} in the archive is damaged: its CRC-32 differs from the one that the archive states`,
    );
  }
}

/**
 * yauzl's errors have no class or code of their own. Errors of the disk have a code, those of zlib one that begins with
 * Z.
 */
function zipError(error: Error, name?: string): Error {
  const { code } = error as NodeJS.ErrnoException;
  if (error.name !== 'Error' && error.name !== 'RangeError') return error;
  if (code !== undefined && !code.startsWith('Z_') && !code.startsWith('ERR_')) return error;
  const what = name === undefined ? 'the ZIP archive' : `${JSON.stringify(name.slice(0, 200))} in the ZIP archive`;
  if (/^(absolute path|invalid relative path|invalid characters)/.test(error.message)) {
    return new UnsafeArchiveError(`${what} has a name that leads out of it: ${error.message}`, { cause: error });
  }
  if (/encryption/.test(error.message)) {
    return new EncryptedArchiveError(`${what} is encrypted: ${error.message}`, { cause: error });
  }
  if (/multi-disk/.test(error.message)) {
    return new UnsupportedArchiveError(`${what} is one part of several: ${error.message}`, { cause: error });
  }
  return new BrokenArchiveError(`${what} is incomplete or damaged: ${error.message}`, { cause: error });
}
