import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/**
 * A connection on which an answer has begun that is not for the fast lane, as the socket that undici wants: it gives what
 * was read of the answer, then what still comes. What is written to it goes nowhere: the request has been sent. So a source
 * that answers in chunks, or a link that is good for one use, is not asked twice.
 *
 * Until something is written there is nothing to be read: undici takes an answer that comes before its request for an
 * attack on the one that follows.
 */
export class HandedOver extends Duplex {
  readonly #socket: Socket;
  /** What is held back until the request. */
  #held: (Uint8Array | null)[] | undefined;
  #ended = false;

  /** @param seen the answer's bytes so far. */
  constructor(socket: Socket, seen: Uint8Array) {
    super();
    this.#socket = socket;
    this.#held = [seen];
  }

  /** Bytes that the connection has read, which are copied. @returns whether to go on reading. */
  deliver(bytes: Uint8Array): boolean {
    return this.#give(Uint8Array.prototype.slice.call(bytes));
  }

  /** The connection has ended, or broken. It may be told more than once. */
  over(error: Error | undefined): void {
    if (error !== undefined) this.destroy(error);
    else this.#give(null);
  }

  override _read(): void {
    if (this.#held === undefined && !this.#socket.destroyed) this.#socket.resume();
  }

  override _write(_chunk: unknown, _encoding: unknown, done: () => void): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const bytes of held) this.#give(bytes);
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  ref(): this {
    this.#socket.ref();
    return this;
  }

  unref(): this {
    this.#socket.unref();
    return this;
  }

  /** @param bytes null at the end. */
  #give(bytes: Uint8Array | null): boolean {
    if (this.#held !== undefined) {
      this.#held.push(bytes);
      return false;
    }
    if (this.#ended || this.destroyed) return false;
    this.#ended = bytes === null;
    return this.push(bytes);
  }
}
