import { SourceConnectionError, SourceFaultError } from '../errors.ts';
import type { AnswerBody } from './answer-body.ts';
import { type AnswerHead, AnswerHeadReader, MalformedAnswerError } from './answer-head.ts';
import { ChunkReader } from './chunk-reader.ts';
import { type SpeedLimits, SpeedWatch } from './speed-watch.ts';

/** For a smaller chunk, a window would make small reads; several such chunks are read at once, and copied. */
const CHUNK_WINDOW_BYTES = 65_536;

/**
 * TLS continues to deliver some decrypted records during a pause; a source that sends more than this is not waited for.
 */
export const MOST_SPILT_BYTES = 1_048_576;

/**
 * Bytes are shown to a fill's caller when there are this many: TLS delivers them by records of 16 KiB at most, and each
 * call costs more than the CRC-32 of a record. This many are still in the processor's cache.
 */
const SHOWN_BYTES = 131_072;

/** What an exchange needs from its connection, and reports to it. */
export interface ExchangeEnds {
  readonly origin: string;
  readonly limits: SpeedLimits;
  /** Read the body of a redirect or an error too if it has no length. The pages of sources are not needed. */
  readonly readsErrors?: boolean | undefined;
  /** The answer has no body, whatever its head says: it is one to a HEAD. */
  readonly bodiless?: boolean | undefined;
  /** Continues reading after `take` or `taken` returned false. */
  resume(): void;
  onHead(head: AnswerHead, body: AnswerBody): void;
  /** Called instead of `onHead`. */
  onNoHead(error: unknown): void;
  /** Called once: the connection is free for another request, or has to be closed. */
  onOver(reusable: boolean, head: AnswerHead | undefined): void;
}

interface Fill {
  readonly target: Uint8Array;
  readonly onBytes: ((piece: Uint8Array) => void) | undefined;
  filled: number;
  /** The bytes that `onBytes` has received. */
  shown: number;
  resolve(bytes: number): void;
  reject(error: unknown): void;
}

/** The answer to one request: its head, then its body in fills. The connection is paused between fills. */
export class LaneExchange implements AnswerBody {
  readonly #ends: ExchangeEnds;
  readonly #watch: SpeedWatch;
  readonly #reader: AnswerHeadReader;
  #head: AnswerHead | undefined;
  #chunks: ChunkReader | undefined;
  /**
   * Bytes of a body without chunks that the connection still has to deliver; infinite if only its end ends the body.
   */
  #owed = 0;
  #fill: Fill | undefined;
  /** Copies of body bytes that arrived while no fill needed them, in order. */
  #spilt: Uint8Array[] = [];
  #spiltBytes = 0;
  /** The last byte of the body has arrived. */
  #ended = false;
  #over = false;
  #error: unknown;

  constructor(ends: ExchangeEnds) {
    this.#ends = ends;
    this.#reader = new AnswerHeadReader(ends.bodiless);
    this.#watch = new SpeedWatch(
      ends.origin,
      ends.limits,
      (error) => this.fail(error),
      () => this.#showSlowBytes(),
    );
  }

  /** Whether the answer is known to be faulty, even if its body has come. */
  get hasFailed(): boolean {
    return this.#error !== undefined;
  }

  /** Whether a byte of the answer has come. */
  get begun(): boolean {
    return this.#reader.begun;
  }

  /**
   * The buffer for the next read: what the fill needs of this body, and not one byte more. Undefined if nothing is
   * needed; never empty, because that would be ENOBUFS. Small reads cost more than a CRC-32 of bytes that have left the
   * processor's cache.
   */
  window(): Uint8Array | undefined {
    if (this.#fill === undefined || this.#ended) return undefined;
    const owed = this.#chunks === undefined ? this.#owed : this.#chunks.left;
    if (this.#chunks !== undefined && owed < CHUNK_WINDOW_BYTES) return undefined;
    const { target, filled } = this.#fill;
    return target.subarray(filled, filled + Math.min(owed, target.length - filled));
  }

  /** Copies bytes that were read elsewhere. @returns whether more is needed. */
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
    if (head.status >= 300 && head.framing.kind !== 'length' && this.#ends.readsErrors !== true) this.destroy();
    return more;
  }

  /** Records bytes that were read into the window itself. @returns whether more is needed. */
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
      this.#fill = { target, onBytes, filled: 0, shown: 0, resolve, reject };
      const spilt = this.#spilt;
      this.#spilt = [];
      this.#spiltBytes = 0;
      for (const bytes of spilt) this.#give(bytes);
      this.#settle();
      if (this.#fill === undefined || this.#ended) return;
      this.#watch.start();
      this.#ends.resume();
    });
  }

  destroy(): void {
    this.#spilt = [];
    this.#spiltBytes = 0;
    // A body that has arrived completely costs the connection nothing.
    if (this.#over || this.#ended) return;
    this.fail(new SourceFaultError(`the answer of ${this.#ends.origin} was closed before its end`));
  }

  /**
   * The connection can't be used any more. Body bytes that it had delivered are still returned. It does no harm after
   * the end.
   */
  fail(error: unknown): void {
    if (this.#over) return;
    this.#error = error;
    this.#end(false);
    if (this.#head === undefined) this.#ends.onNoHead(error);
    else this.#settle();
  }

  /**
   * The connection has ended.
   *
   * @param error the reason, for an answer that is not complete yet.
   * @param clean whether the source has closed it properly, which may be the end of the body.
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
    if (error.http2)
      return new SourceConnectionError(`${origin} speaks HTTP/2 only, but Sluice reads sources by HTTP/1.1`);
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
    if (isFarewell(bytes.subarray(used))) this.connectionOver(undefined, true);
    else this.fail(new SourceFaultError(`${this.#ends.origin} sent more bytes than its answer says that it has`));
    return false;
  }

  /** Gives the fill what it needs, and stores the rest. */
  #give(bytes: Uint8Array): void {
    const fill = this.#fill;
    const piece = fill === undefined ? bytes.subarray(0, 0) : bytes.subarray(0, fill.target.length - fill.filled);
    if (fill !== undefined && piece.length > 0) {
      fill.target.set(piece, fill.filled);
      this.#count(fill, piece.length);
    }
    // A copy, because the next read overwrites the memory behind this view.
    if (piece.length === bytes.length) return;
    this.#spilt.push(Uint8Array.prototype.slice.call(bytes, piece.length));
    this.#spiltBytes += bytes.length - piece.length;
  }

  /** A slow source takes long to send SHOWN_BYTES, and by then its deadline may have passed. */
  #showSlowBytes(): void {
    if (this.#fill === undefined) return;
    try {
      show(this.#fill);
    } catch (error) {
      this.fail(error);
    }
  }

  #count(fill: Fill, bytes: number): void {
    fill.filled += bytes;
    if (fill.filled - fill.shown >= SHOWN_BYTES) show(fill);
  }

  #moved(): boolean {
    const ended = this.#chunks === undefined ? this.#owed === 0 : this.#chunks.ended;
    if (ended && !this.#ended) {
      this.#ended = true;
      this.#watch.stop();
      // Bytes that the source sent after the body are in the kernel already: the event loop reads them in the meantime,
      // and then they are a fault of this answer.
      setImmediate(() => setImmediate(() => this.#finish()));
    }
    this.#settle();
    if (!this.#over && this.#spiltBytes > MOST_SPILT_BYTES) {
      this.fail(
        new SourceFaultError(`${this.#ends.origin} sent ${this.#spiltBytes} bytes that were not requested yet`),
      );
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
   * Ends the fill if it is full, if there is no more body, or if the connection has failed. The last fill of a body
   * ends when it is known that nothing follows.
   */
  #settle(): void {
    const fill = this.#fill;
    if (fill === undefined) return;
    const full = fill.filled === fill.target.length;
    if (this.#ended ? !this.#over : !full && !this.#over) return;
    this.#watch.stop();
    this.#fill = undefined;
    try {
      show(fill);
    } catch (error) {
      // Above this there may be only the event loop.
      fill.reject(error);
      return;
    }
    if (this.#error === undefined || (full && !this.#ended)) fill.resolve(fill.filled);
    else fill.reject(this.#error);
  }
}

/** Shows what has arrived since the last call. It is read from the target, so its CRC is the target's. */
function show(fill: Fill): void {
  if (fill.shown === fill.filled) return;
  const piece = fill.target.subarray(fill.shown, fill.filled);
  fill.shown = fill.filled;
  fill.onBytes?.(piece);
}

/**
 * A server that closes an idle connection may announce it with a 408, or another 4xx. The answer before it is complete.
 * Anything else may be the rest of a body whose length was stated wrongly, so a beginning such as `H` is not enough.
 */
function isFarewell(bytes: Buffer): boolean {
  return /^HTTP\/1\.[01] 4\d\d[ \r]/.test(bytes.toString('latin1', 0, 13));
}
