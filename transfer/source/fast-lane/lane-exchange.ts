import { SourceFaultError } from '../../errors.ts';
import type { SourceLimits } from '../limits.ts';
import type { SourceBody } from '../reader.ts';
import { SpeedWatch } from '../speed-watch.ts';
import { type AnswerHead, AnswerHeadReader } from './answer-head.ts';
import { LaneDeviation } from './deviation.ts';

/** One read into a target: so much is still in the processor's cache when its CRC is made. */
const READ_BYTES = 524_288;

/** TLS goes on delivering what it has decrypted, some records; a source that sends more into a pause is not waited for. */
export const MOST_SPILT_BYTES = 1_048_576;

/** What an exchange needs of its connection, and tells of itself. */
export interface ExchangeEnds {
  readonly origin: string;
  readonly limits: Required<SourceLimits>;
  /** Reads on, after `take` or `taken` said false. */
  resume(): void;
  onHead(head: AnswerHead, body: SourceBody): void;
  /** Instead of `onHead`. */
  onNoHead(error: unknown): void;
  /** Instead of `onHead`: somebody else is to read this answer, of which so much has come. `onOver` follows. */
  onDeviation(deviation: LaneDeviation, seen: Uint8Array): void;
  /** More came into a pause than is kept: this source is not for this lane. */
  onOverflow(): void;
  /**
   * Once: the connection is free for another request, or has to be closed. It may come before `onHead`, where the head's
   * read holds the whole answer.
   *
   * @param head undefined where none came.
   */
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
  /** Bytes of the body that the connection still owes. */
  #owed = 0;
  #fill: Fill | undefined;
  /** Copies of body bytes that came while no fill wanted them, in order. */
  #spilt: Uint8Array[] = [];
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
    if (this.#fill === undefined) return undefined;
    const { target, filled } = this.#fill;
    return target.subarray(filled, filled + Math.min(this.#owed, target.length - filled, READ_BYTES));
  }

  /** Bytes that were read elsewhere, and are copied. @returns whether more is wanted. */
  take(bytes: Buffer): boolean {
    if (this.#head !== undefined) {
      this.#watch.count(bytes.length);
      return this.#takeBody(bytes);
    }
    let found: ReturnType<AnswerHeadReader['read']>;
    try {
      found = this.#reader.read(bytes);
    } catch (error) {
      if (error instanceof LaneDeviation) this.#handOver(error, bytes);
      else this.fail(error);
      return false;
    }
    if (found === undefined) return true;
    const { head, bodyAt } = found;
    this.#head = head;
    this.#owed = head.bodyBytes ?? Number.POSITIVE_INFINITY;
    this.#takeBody(bytes.subarray(bodyAt));
    this.#ends.onHead(head, this);
    // Told by its head alone: where it ends isn't looked for.
    if (head.bodyBytes === undefined) this.destroy();
    return this.#over;
  }

  /** Bytes that were read into the window itself. @returns whether more is wanted. */
  taken(bytes: number): boolean {
    this.#watch.count(bytes);
    this.#owed -= bytes;
    this.#count(this.#fill as Fill, bytes);
    return this.#moved(false);
  }

  fill(target: Uint8Array, onBytes?: (piece: Uint8Array) => void): Promise<number> {
    if (this.#fill !== undefined) throw new TypeError('a fill is under way: one at a time');
    return new Promise((resolve, reject) => {
      this.#fill = { target, onBytes, filled: 0, resolve, reject };
      const spilt = this.#spilt;
      this.#spilt = [];
      for (const bytes of spilt) this.#give(bytes);
      this.#settle();
      if (this.#fill === undefined) return;
      this.#watch.start();
      this.#ends.resume();
    });
  }

  destroy(): void {
    this.#spilt = [];
    if (this.#over) return;
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

  #handOver(deviation: LaneDeviation, bytes: Buffer): void {
    this.#ends.onDeviation(deviation, Buffer.concat([this.#reader.earlier, bytes]));
    this.#end(false);
  }

  #takeBody(bytes: Buffer): boolean {
    const body = bytes.subarray(0, this.#owed);
    this.#owed -= body.length;
    this.#give(body);
    return this.#moved(body.length < bytes.length);
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

  /** @param surplus bytes came behind the body: nobody knows what they are, nor what the connection will say next. */
  #moved(surplus: boolean): boolean {
    if (this.#owed === 0) this.#end(this.#head?.reusable === true && !surplus);
    this.#settle();
    const spilt = this.#spilt.reduce((sum, bytes) => sum + bytes.length, 0);
    if (!this.#over && spilt > MOST_SPILT_BYTES) {
      this.#ends.onOverflow();
      this.fail(new SourceFaultError(`${this.#ends.origin} sent ${spilt} bytes that nobody had asked for yet`));
    }
    return this.#over || this.#fill !== undefined;
  }

  #end(reusable: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.#watch.stop();
    this.#ends.onOver(reusable, this.#head);
  }

  /** Ends the fill where it is full, where there is no more body, or where the connection has failed. */
  #settle(): void {
    const fill = this.#fill;
    if (fill === undefined) return;
    const whole = fill.filled === fill.target.length || this.#owed === 0;
    if (!whole && !this.#over) return;
    this.#watch.stop();
    this.#fill = undefined;
    if (whole) fill.resolve(fill.filled);
    else fill.reject(this.#error);
  }
}
