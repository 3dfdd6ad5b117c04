import { MalformedAnswerError } from './answer-head.ts';

/** The limit for one line: a chunk's size with its extensions, or a trailer field. */
const MOST_LINE_BYTES = 8_192;
/** The limit for all trailer fields. */
const MOST_TRAILER_BYTES = 65_536;

/**
 * Reads a body in chunks (RFC 9112, section 7.1), from pieces of any size. Extensions and trailers are skipped.
 *
 * It is strict: an unclear size, or a line that does not end in CRLF, is a MalformedAnswerError.
 */
export class ChunkReader {
  #state: 'size' | 'data' | 'data end' | 'trailers' | 'end' = 'size';
  #left = 0;
  #line = '';
  #trailerBytes = 0;

  /** Bytes of the current chunk's data that are still to come. */
  get left(): number {
    return this.#left;
  }

  /** The last chunk and the trailers have arrived. */
  get ended(): boolean {
    return this.#state === 'end';
  }

  /**
   * @param give is called with each piece of data, a view of `bytes`.
   * @returns how many of the bytes belong to this body: fewer than all only at its end.
   * @throws MalformedAnswerError
   */
  read(bytes: Buffer, give: (piece: Buffer) => void): number {
    let at = 0;
    while (at < bytes.length && this.#state !== 'end') {
      if (this.#state === 'data') {
        const piece = bytes.subarray(at, at + this.#left);
        give(piece);
        this.took(piece.length);
        at += piece.length;
      } else {
        at = this.#readLine(bytes, at);
      }
    }
    return at;
  }

  /** Records that this many bytes of the current chunk's data were read elsewhere, at most `left`. */
  took(bytes: number): void {
    this.#left -= bytes;
    if (this.#left === 0) this.#state = 'data end';
  }

  /** @returns the position of the next byte. */
  #readLine(bytes: Buffer, from: number): number {
    const end = bytes.indexOf('\n', from);
    const to = end === -1 ? bytes.length : end + 1;
    this.#line += bytes.toString('latin1', from, to);
    if (this.#line.length > MOST_LINE_BYTES) throw new MalformedAnswerError('a line between its chunks is too long');
    if (end === -1) return to;
    const line = this.#line;
    this.#line = '';
    if (!line.endsWith('\r\n')) throw new MalformedAnswerError('a line between its chunks does not end in CRLF');
    this.#next(line.slice(0, -2));
    return to;
  }

  #next(line: string): void {
    if (this.#state === 'size') {
      // 12 hex digits: a number with more digits is not exact. Some servers write zeros before them.
      const size = /^0*([0-9a-f]{1,12})[\t ]*(?:;.*)?$/i.exec(line)?.[1];
      if (size === undefined) {
        throw new MalformedAnswerError(`the size of a chunk is ${JSON.stringify(line.slice(0, 60))}`);
      }
      this.#left = Number.parseInt(size, 16);
      this.#state = this.#left === 0 ? 'trailers' : 'data';
    } else if (this.#state === 'data end') {
      if (line !== '') throw new MalformedAnswerError('a chunk is longer than its size');
      this.#state = 'size';
    } else if (line === '') {
      this.#state = 'end';
    } else {
      this.#trailerBytes += line.length;
      if (this.#trailerBytes > MOST_TRAILER_BYTES) throw new MalformedAnswerError('its trailers are too long');
    }
  }
}
