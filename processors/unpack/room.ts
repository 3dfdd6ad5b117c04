import { isBomb } from '../table/decompress.ts';
import { ArchiveTooLargeError } from './errors.ts';

const MIB = 1_048_576;

/** How much more an archive may unpack to. */
export class Room {
  readonly #archiveBytes: number;
  readonly #maxBytes: number;
  /** Bytes that were unpacked so far. */
  bytes = 0;

  constructor(archiveBytes: number, maxBytes: number) {
    this.#archiveBytes = archiveBytes;
    this.#maxBytes = maxBytes;
  }

  /**
   * Passes on the bytes of a file.
   *
   * @param maxBytes the limit for this file.
   * @throws ArchiveTooLargeError (from the stream)
   */
  async *take(content: AsyncIterable<Buffer>, name: string, maxBytes: number): AsyncGenerator<Buffer> {
    let bytes = 0;
    for await (const chunk of content) {
      bytes += chunk.length;
      this.bytes += chunk.length;
      if (bytes > maxBytes) {
        throw new ArchiveTooLargeError(
          `${JSON.stringify(name)} in the archive has more than ${Math.floor(maxBytes / MIB)} MiB unpacked, the limit for one file on the task's disk while it is processed; raise workers.diskGiB`,
        );
      }
      if (this.bytes > this.#maxBytes) {
        throw new ArchiveTooLargeError(
          `the archive has more than ${Math.floor(this.#maxBytes / MIB)} MiB unpacked; raise the option maxUnpackedMiB`,
        );
      }
      if (isBomb(this.#archiveBytes, this.bytes)) {
        throw new ArchiveTooLargeError(
          `the archive unpacks ${this.#archiveBytes} bytes into more than ${this.bytes}: it is treated as a decompression bomb`,
        );
      }
      yield chunk;
    }
  }
}
