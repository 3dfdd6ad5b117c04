import { SourceConnectionError, SourceFaultError } from '../../errors.ts';
import type { SourceLimits } from '../limits.ts';
import type { SourceBody } from '../reader.ts';
import { SpeedWatch } from '../speed-watch.ts';
import { type AnswerHead, AnswerHeadReader, MalformedAnswerError } from './answer-head.ts';
import { ChunkReader } from './chunk-reader.ts';

/** One read into a target: so much is still in the processor's cache when its CRC is made. */
const READ_BYTES = 524_288;

/** Of a smaller chunk a window would be a small read; such chunks are read many at once, and copied. */
const CHUNK_WINDOW_BYTES = 65_536;

/** TLS goes on delivering what it has decrypted, some records; a source that sends more into a pause is not waited for. */
export const MOST_SPILT_BYTES = 1_048_576;

/** What an exchange needs of its connection, and tells of itself. */
export interface ExchangeEnds {
  readonly origin: string;
  readonly limits: Required<SourceLimits>;
  /** Reads on, after `take` or `taken` returned false. */
  resume(): void;
  onHead(head: AnswerHead, body: SourceBody): void;
  /** Instead of `onHead`. */
  onNoHead(error: unknown): void;
  /** Once: the connection is free for another request, or has to be closed. */
  onOver(reusable: boolean, head: AnswerHead | undefined): void;
}

interface Fill {
  readonly target: Uint8Array;
  readonly onBytes: ((piece: Uint8Array) => void) | undefined;
  filled: number;
  resolve(bytes: number): void;
  reject(error: unknown): void;
}

/** The answer to one request: its head, then its body by fills, between which the connection is paused. */
export class LaneExchange implements SourceBody {
  readonly #ends: ExchangeEnds;
  readonly #watch: SpeedWatch;
  readonly #reader = new AnswerHeadReader();
  #head: AnswerHead | undefined;
  #chunks: ChunkReader | undefined;
  /** Bytes of a body without chunks that the connection still owes; infinite where only its end ends the body. */
  #owed = 0;
  #fill: Fill | undefined;
  /** Copies of body bytes that came while no fill wanted them, in order. */
  #spilt: Uint8Array[] = [];
  /** The last byte of the body is here. */
  #ended = false;
  #over = false;
  #error: unknown;

  constructor(ends: ExchangeEnds) {
    this.#ends = ends;
    this.#watch = new SpeedWatch(ends.origin, ends.limits, (error) => this.fail(error));
  }

  /** Whether a byte of the answer has come. */
  get begun(): boolean {
    return this.#reader.begun;
  }

  /**
   * Where the next read may write: what the fill wants of this body, and no byte more. Undefined where nothing is
   * wanted; never empty, which would be ENOBUFS.
   */
  window(): Uint8Array | undefined {
    if (this.#fill === undefined || this.#ended) return undefined;
    const owed = this.#chunks === undefined ? this.#owed : this.#chunks.left;
    if (this.#chunks !== undefined && owed < CHUNK_WINDOW_BYTES) return undefined;
    const { target, filled } = this.#fill;
    return target.subarray(filled, filled + Math.min(owed, target.length - filled, READ_BYTES));
  }

  /** Bytes that were read elsewhere, and are copied. @returns whether more is wanted. */
  take(bytes: Buffer): boolean {
    if (this.#over) return false;
    if (this.#head !== undefined) {
      this.#watch.count(bytes.length);
      return this.#takeBody(bytes);
    }
    let found: ReturnType<AnswerHeadReader['read']>;
    try {
      found = this.#reader.read(bytes);
    } catch (error) {
      this.fail(this.#malformed(error));
      return false;
    }
    if (found === undefined) return true;
    const { head, bodyAt } = found;
    this.#head = head;
    if (head.framing.kind === 'chunks') this.#chunks = new ChunkReader();
    this.#owed = head.framing.kind === 'length' ? head.framing.bytes : Number.POSITIVE_INFINITY;
    const more = this.#takeBody(bytes.subarray(bodyAt));
    this.#ends.onHead(head, this);
    // Nobody wants the page of a redirect or an error; without a length its end isn't looked for.
    if (head.status >= 300 && head.framing.kind !== 'length') this.destroy();
    return more;
  }

  /** Bytes that were read into the window itself. @returns whether more is wanted. */
  taken(bytes: number): boolean {
    if (this.#over) return false;
    this.#watch.count(bytes);
    if (this.#chunks === undefined) this.#owed -= bytes;
    else this.#chunks.took(bytes);
    this.#count(this.#fill as Fill, bytes);
    return this.#moved();
  }

  fill(target: Uint8Array, onBytes?: (piece: Uint8Array) => void): Promise<number> {
    if (this.#fill !== undefined) throw new TypeError('a fill is under way: one at a time');
    return new Promise((resolve, reject) => {
      this.#fill = { target, onBytes, filled: 0, resolve, reject };
      const spilt = this.#spilt;
      this.#spilt = [];
      for (const bytes of spilt) this.#give(bytes);
      this.#settle();
      if (this.#fill === undefined || this.#ended) return;
      this.#watch.start();
      this.#ends.resume();
    });
  }

  destroy(): void {
    this.#spilt = [];
    // A body that is here to its end costs the connection nothing.
    if (this.#over || this.#ended) return;
    this.fail(new SourceFaultError(`the answer of ${this.#ends.origin} was closed before its end`));
  }

  /** The connection is of no use any more. What it had delivered of the body is still given out. Harmless after the end. */
  fail(error: unknown): void {
    if (this.#over) return;
    this.#error = error;
    this.#end(false);
    if (this.#head === undefined) this.#ends.onNoHead(error);
    else this.#settle();
  }

  /**
   * The connection is over.
   *
   * @param error why, for an answer that is not whole by now.
   * @param clean whether the source has closed it in good order, which may be how the body ends.
   */
  connectionOver(error: unknown, clean: boolean): void {
    if (this.#over) return;
    if (!this.#ended && !(clean && this.#head?.framing.kind === 'close')) {
      this.fail(error);
      return;
    }
    this.#ended = true;
    this.#end(false);
    this.#settle();
  }

  #malformed(error: unknown): unknown {
    if (!(error instanceof MalformedAnswerError)) return error;
    const { origin } = this.#ends;
    if (error.http2) return new SourceConnectionError(`${origin} speaks HTTP/2 only, and sources are read by HTTP/1.1`);
    return new SourceFaultError(`the answer of ${origin} can not be read: ${error.message}`, { cause: error });
  }

  #takeBody(bytes: Buffer): boolean {
    let used = 0;
    if (!this.#ended && this.#chunks !== undefined) {
      try {
        used = this.#chunks.read(bytes, (piece) => this.#give(piece));
      } catch (error) {
        this.fail(this.#malformed(error));
        return false;
      }
    } else if (!this.#ended) {
      used = Math.min(this.#owed, bytes.length);
      this.#owed -= used;
      this.#give(bytes.subarray(0, used));
    }
    const more = this.#moved();
    if (used === bytes.length) return more;
    // A server that gives up an idle connection may say so by a 408 that nobody asked for. The answer is whole.
    if (isOtherAnswer(bytes.subarray(used))) this.connectionOver(undefined, true);
    else this.fail(new SourceFaultError(`${this.#ends.origin} sent more bytes than its answer says that it has`));
    return false;
  }

  /** To the fill what it wants, the rest to the spill. */
  #give(bytes: Uint8Array): void {
    const fill = this.#fill;
    const piece = fill === undefined ? bytes.subarray(0, 0) : bytes.subarray(0, fill.target.length - fill.filled);
    if (fill !== undefined && piece.length > 0) {
      fill.target.set(piece, fill.filled);
      this.#count(fill, piece.length);
    }
    // A copy: what it is a view of is written to by the next read.
    if (piece.length < bytes.length) this.#spilt.push(Uint8Array.prototype.slice.call(bytes, piece.length));
  }

  /** What is shown is what lies in the target, so that a CRC of it is the target's. */
  #count(fill: Fill, bytes: number): void {
    const from = fill.filled;
    fill.filled += bytes;
    fill.onBytes?.(fill.target.subarray(from, fill.filled));
  }

  #moved(): boolean {
    const ended = this.#chunks === undefined ? this.#owed === 0 : this.#chunks.ended;
    if (ended && !this.#ended) {
      this.#ended = true;
      this.#watch.stop();
      // Bytes that the source sent along behind the body are in the kernel already: the event loop reads them in the
      // meantime, and then they are a fault of this answer.
      setImmediate(() => setImmediate(() => this.#finish()));
    }
    this.#settle();
    const spilt = this.#spilt.reduce((sum, bytes) => sum + bytes.length, 0);
    if (!this.#over && spilt > MOST_SPILT_BYTES) {
      this.fail(new SourceFaultError(`${this.#ends.origin} sent ${spilt} bytes that nobody had asked for yet`));
    }
    return !this.#over && (this.#ended || this.#fill !== undefined);
  }

  #finish(): void {
    if (this.#over) return;
    this.#end(this.#head?.reusable === true);
    this.#settle();
  }

  #end(reusable: boolean): void {
    this.#over = true;
    this.#watch.stop();
    this.#ends.onOver(reusable, this.#head);
  }

  /**
   * Ends the fill where it is full, where there is no more body, or where the connection has failed. The last fill of a
   * body ends when it is known that nothing follows.
   */
  #settle(): void {
    const fill = this.#fill;
    if (fill === undefined) return;
    const full = fill.filled === fill.target.length;
    if (this.#ended ? !this.#over : !full && !this.#over) return;
    this.#watch.stop();
    this.#fill = undefined;
    if (this.#error === undefined || (full && !this.#ended)) fill.resolve(fill.filled);
    else fill.reject(this.#error);
  }
}

function isOtherAnswer(bytes: Buffer): boolean {
  const beginning = 'HTTP/1.';
  return beginning.startsWith(bytes.toString('latin1', 0, beginning.length));
}
