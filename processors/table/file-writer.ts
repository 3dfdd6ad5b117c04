import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

/** Writes a file at the speed of the disk. */
export class FileWriter {
  readonly #stream;

  constructor(file: string) {
    this.#stream = createWriteStream(file);
    // The next write throws the error. Without a listener, the error would end the process.
    this.#stream.on('error', () => undefined);
  }

  async write(bytes: Buffer): Promise<void> {
    if (this.#stream.errored) throw this.#stream.errored;
    if (bytes.length > 0 && !this.#stream.write(bytes)) await once(this.#stream, 'drain');
  }

  async end(): Promise<void> {
    this.#stream.end();
    await finished(this.#stream);
  }

  destroy(): void {
    this.#stream.destroy();
  }
}
