import { createGunzip, createZstdDecompress, type Gunzip, type ZstdDecompress } from 'node:zlib';
import { DecompressionBombError, MalformedInputError } from './errors.ts';

export type Compression = 'none' | 'gzip' | 'zstd';

/**
 * Above a gibibyte, this ratio of unpacked to packed bytes is treated as an attack. We chose the number: deflate
 * reaches 1,032.
 */
const BOMB_RATIO = 500;
const BOMB_BYTES = 1_073_741_824;

export function isBomb(packed: number, unpacked: number): boolean {
  return unpacked > BOMB_BYTES && unpacked > packed * BOMB_RATIO;
}

const ZSTD_FRAME = 0xfd2fb528;
/** Frames with data for other programs, with which the content may begin: 0x184D2A50 to 0x184D2A5F. */
const ZSTD_SKIPPABLE = 0x184d2a50;

/**
 * Recognises the compression by the first bytes (RFC 1952 2.3.1, RFC 8878 3.1.1 and 3.1.2), because names and content
 * types can be wrong.
 */
export function compressionOf(head: Buffer): Compression {
  if (head[0] === 0x1f && head[1] === 0x8b && head[2] === 8) return 'gzip';
  if (head.length < 4) return 'none';
  const magic = head.readUInt32LE();
  return magic === ZSTD_FRAME || (magic & 0xfffffff0) >>> 0 === ZSTD_SKIPPABLE ? 'zstd' : 'none';
}

/**
 * Returns the content of a compressed stream: all members of a gzip file, all frames of a zstd file.
 *
 * @throws MalformedInputError if the stream is corrupt, ends early, or has bytes after its end.
 */
export async function* decompress(source: AsyncGenerator<Buffer>, compression: Compression): AsyncGenerator<Buffer> {
  if (compression === 'none') {
    yield* source;
    return;
  }
  const chunks = new Rewindable(source);
  let unpacked = 0;
  try {
    // Node 24 unpacks every member of a gzip file in one pass. At the end of a zstd frame it stops without an error,
    // even if the same chunk contains more bytes. These bytes are another frame or garbage, and a new decompressor
    // shows which.
    do {
      const decompressor = compression === 'gzip' ? createGunzip() : createZstdDecompress();
      const feeding = feed(decompressor, chunks);
      for await (const piece of decompressor as AsyncIterable<Buffer>) {
        unpacked += piece.length;
        if (isBomb(chunks.bytes, unpacked)) {
          throw new DecompressionBombError(
            `the ${compression} stream unpacks ${chunks.bytes} bytes into more than ${unpacked}: it is treated as a decompression bomb`,
          );
        }
        yield piece;
      }
      await feeding;
    } while (chunks.hasLeftover);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (!/^(Z_|ZSTD_)/.test(code)) throw error;
    const { message } = error as Error;
    throw new MalformedInputError(`the ${compression} stream breaks off or is corrupt: ${message} (${code})`, {
      cause: error,
    });
  } finally {
    await source.return(undefined);
  }
}

/**
 * Writes chunks until the decompressor leaves a part of one, or there are no more. Never rejects: an error fails the
 * stream.
 */
async function feed(decompressor: Gunzip | ZstdDecompress, chunks: Rewindable): Promise<void> {
  try {
    for (let chunk = await chunks.next(); chunk !== undefined; chunk = await chunks.next()) {
      const before = decompressor.bytesWritten;
      await written(decompressor, chunk);
      if (decompressor.destroyed) return;
      const taken = decompressor.bytesWritten - before;
      if (taken < chunk.length) {
        chunks.putBack(chunk.subarray(taken));
        return;
      }
    }
    decompressor.end();
  } catch (error) {
    decompressor.destroy(error as Error);
  }
}

/** A decompressor that fails does not call the callback of the write that failed, so this also waits for its end. */
function written(decompressor: Gunzip | ZstdDecompress, chunk: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      decompressor.off('close', done);
      resolve();
    };
    decompressor.once('close', done);
    decompressor.write(chunk, done);
  });
}

/** Chunks of a stream. The last chunk can be put back in part. */
class Rewindable {
  readonly #source: AsyncGenerator<Buffer>;
  #leftover: Buffer | undefined;
  /** Bytes that were read from the source so far. */
  bytes = 0;

  constructor(source: AsyncGenerator<Buffer>) {
    this.#source = source;
  }

  get hasLeftover(): boolean {
    return this.#leftover !== undefined;
  }

  putBack(rest: Buffer): void {
    this.#leftover = rest;
  }

  async next(): Promise<Buffer | undefined> {
    const leftover = this.#leftover;
    this.#leftover = undefined;
    if (leftover !== undefined) return leftover;
    const next = await this.#source.next();
    if (next.done === true) return undefined;
    this.bytes += next.value.length;
    return next.value;
  }
}
