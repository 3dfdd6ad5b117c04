import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Rejects } from './rejects.ts';

const LINE_FEED = Buffer.from('\n');

interface WrittenRow {
  readonly line: number;
  readonly bytes: Buffer;
  readonly problem: string | undefined;
}

/**
 * Writes the good rows into a file, one on each line, and counts the others as rejects. @returns how many rows were
 * written.
 */
export async function writeGoodRows(
  batches: AsyncGenerator<readonly WrittenRow[]>,
  file: string,
  rejects: Rejects,
): Promise<number> {
  let count = 0;
  const goodLines = async function* (): AsyncGenerator<Buffer> {
    for await (const rows of batches) {
      const good = new Lines();
      for (const { line, bytes, problem } of rows) {
        if (problem === undefined) good.add(bytes);
        else rejects.add(line, problem, bytes);
      }
      count += good.count;
      yield good.all();
    }
  };
  await pipeline(goodLines, createWriteStream(file));
  return count;
}

/**
 * Lines in the order of the input. Lines that follow each other in memory are joined into one chunk: most lines of a
 * file do.
 */
class Lines {
  readonly #pieces: Buffer[] = [];
  #from: Buffer | undefined;
  #length = 0;
  /** The memory that contains the lines and the bytes between them. */
  #around: Uint8Array = new Uint8Array();
  count = 0;

  add(line: Buffer): void {
    this.count++;
    if (this.#from !== undefined && this.#endsBefore(line)) this.#length += 1 + line.length;
    else {
      this.#close();
      this.#from = line;
      this.#length = line.length;
      if (this.#around.buffer !== line.buffer) this.#around = new Uint8Array(line.buffer);
    }
  }

  all(): Buffer {
    this.#close();
    return Buffer.concat(this.#pieces);
  }

  #endsBefore({ buffer, byteOffset }: Buffer): boolean {
    const end = (this.#from?.byteOffset ?? 0) + this.#length;
    return this.#around.buffer === buffer && byteOffset === end + 1 && this.#around[end] === 0x0a;
  }

  #close(): void {
    if (this.#from === undefined) return;
    const { buffer, byteOffset } = this.#from;
    this.#pieces.push(Buffer.from(buffer, byteOffset, this.#length), LINE_FEED);
    this.#from = undefined;
  }
}
