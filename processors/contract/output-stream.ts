import { Writable } from 'node:stream';

/** The place where the bytes of one output are stored. Each method is called when the call before it has settled. */
export interface OutputSink {
  write(chunk: Buffer): Promise<void>;
  /** Called after all bytes were written. Resolves when the output is stored. */
  finish(): Promise<void>;
  /** Called if the output is not wanted. Resolves when all of it is deleted. Never rejects. */
  abandon(): Promise<void>;
}

/** A processor's output. It finishes when the sink has stored it, and closes when the sink has nothing more to do. */
export class OutputStream extends Writable {
  readonly #sink: OutputSink;
  readonly #onStorageError: (error: Error) => void;
  #bytes = 0;

  /** @param onStorageError is called if the sink fails, even if the writer does not listen for errors at that time. */
  constructor(sink: OutputSink, onStorageError: (error: Error) => void) {
    super();
    this.#sink = sink;
    this.#onStorageError = onStorageError;
    // Without a listener, an error would end the whole process.
    this.on('error', () => undefined);
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Abandons the output, and resolves when all of it is deleted. */
  async giveUp(): Promise<void> {
    if (this.closed) return;
    const closed = new Promise((resolve) => this.once('close', resolve));
    this.destroy();
    await closed;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#bytes += chunk.length;
    this.#settle(this.#sink.write(chunk), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#settle(this.#sink.finish(), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (this.writableFinished) done(error);
    else this.#sink.abandon().then(() => done(error));
  }

  #settle(work: Promise<void>, done: (error?: Error | null) => void): void {
    work.then(
      () => done(),
      (error: Error) => {
        // A destroyed stream has the real error. The error of the sink is only a consequence.
        if (!this.destroyed) this.#onStorageError(error);
        done(error);
      },
    );
  }
}
