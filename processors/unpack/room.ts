import { ArchiveTooLargeError } from './errors.ts';

const MIB = 1_048_576;
/** Beyond a gibibyte, so much more than the archive's own bytes is taken for an attack. A choice: deflate goes up to 1,032 times. */
const BOMB_RATIO = 500;
const BOMB_BYTES = 1_073_741_824;

/** What an archive may still unfold to. */
export class Room {
  readonly #archiveBytes: number;
  readonly #maxBytes: number;
  /** Unpacked so far. */
  bytes = 0;

  constructor(archiveBytes: number, maxBytes: number) {
    this.#archiveBytes = archiveBytes;
    this.#maxBytes = maxBytes;
  }

  /**
   * Passes a file's bytes on.
   *
   * @param maxBytes of this one file.
   * @throws ArchiveTooLargeError (from the stream)
   */
  async *take(content: AsyncIterable<Buffer>, name: string, maxBytes: number): AsyncGenerator<Buffer> {
    let bytes = 0;
    for await (const chunk of content) {
      bytes += chunk.length;
      this.bytes += chunk.length;
      if (bytes > maxBytes) {
        throw new ArchiveTooLargeError(
          `${JSON.stringify(name)} in the archive has more than ${Math.floor(maxBytes / MIB)} MiB unpacked, which is what a file may take of the task's disk while it is processed; raise workers.diskGiB`,
        );
      }
      if (this.bytes > this.#maxBytes) {
        throw new ArchiveTooLargeError(
          `the archive has more than ${Math.floor(this.#maxBytes / MIB)} MiB unpacked; raise the option maxUnpackedMiB`,
        );
      }
      if (this.bytes > BOMB_BYTES && this.bytes > this.#archiveBytes * BOMB_RATIO) {
        throw new ArchiveTooLargeError(
          `the archive unfolds ${this.#archiveBytes} bytes into more than ${this.bytes}: taken for a decompression bomb`,
        );
      }
      yield chunk;
    }
  }
}
