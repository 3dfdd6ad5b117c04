import { type Pins, SourceChangedError, SourceFaultError, StreamBrokenError } from '../errors.ts';
import { readContentRange, readHead, type SourceHead } from './answer.ts';
import type { SourceBody } from './reader.ts';
import type { SourceSession } from './session.ts';
import { conditionsOf, differenceFrom, hasStrongValidator, pinsOf } from './validators.ts';

/** A source that gives a little and breaks, again and again, is given up after so many times its attempts. */
const ATTEMPTS_WITH_PROGRESS = 10;

/** A body that nobody has read for so long, S3 being slow, may be dropped by its source: no fault of that. */
const REST_MILLISECONDS = 1_000;

/** A body read from its beginning to its end, over as many connections as it takes where the source can resume. */
export class ResumingStream {
  readonly #session: SourceSession;
  readonly #head: SourceHead;
  readonly #signal: AbortSignal;
  readonly #deadline: Date | undefined;
  /** Read by the probe already. */
  #first: Uint8Array;
  #body: SourceBody;
  #offset = 0;
  #total: number | undefined;
  #faults = 0;
  #ended = false;
  /** When the last fill ended. */
  #readAt = performance.now();

  constructor(
    session: SourceSession,
    { head, bytes, body }: { head: SourceHead; bytes: Uint8Array; body: SourceBody },
    { signal, deadline }: { signal: AbortSignal; deadline: Date | undefined },
  ) {
    this.#session = session;
    this.#head = head;
    this.#first = bytes;
    this.#body = body;
    this.#total = head.contentLength;
    this.#signal = signal;
    this.#deadline = deadline;
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#offset;
  }

  /** Whether what was read up to the end is known to be all: by a length, chunks, or a range's total. */
  get sizeProven(): boolean {
    return this.#head.framed || this.#total !== undefined;
  }

  /**
   * Fills the target, as SourceBody does.
   *
   * @throws StreamBrokenError where the connection broke and the source can't go on from there, SourceChangedError.
   */
  async fill(target: Uint8Array, onBytes: (piece: Uint8Array) => void): Promise<number> {
    let filled = 0;
    const count = (piece: Uint8Array) => {
      filled += piece.length;
      this.#offset += piece.length;
      onBytes(piece);
    };
    const head = this.#first.subarray(0, target.length);
    target.set(head);
    this.#first = this.#first.subarray(head.length);
    if (head.length > 0) count(head);
    let failures = 0;
    let rested = performance.now() - this.#readAt >= REST_MILLISECONDS;
    while (filled < target.length && !this.#ended) {
      const before = filled;
      try {
        const wanted = target.length - filled;
        if ((await this.#body.fill(target.subarray(filled), count)) < wanted) this.#end();
      } catch (error) {
        if (!(error instanceof SourceFaultError) || this.#signal.aborted) throw error;
        // What comes next is not the rest's doing any more.
        if (rested) failures = 0;
        else failures = filled > before ? 1 : failures + 1;
        rested = false;
        await this.#resume(error, failures);
      }
    }
    this.#readAt = performance.now();
    return filled;
  }

  destroy(): void {
    this.#body.destroy();
  }

  #end(): void {
    if (this.#total !== undefined && this.#offset !== this.#total) {
      throw new SourceFaultError(`${this.#session.name} ended a body of ${this.#total} bytes after ${this.#offset}`);
    }
    this.#ended = true;
  }

  /**
   * Opens the body again where it broke; returns with the old body in place where another attempt may do better.
   *
   * @param failures in a row; 0 where the source isn't to blame.
   */
  async #resume(fault: SourceFaultError, failures: number): Promise<void> {
    this.#body.destroy();
    if (failures > 0) this.#faults += 1;
    const { attempts } = this.#session.limits;
    const resumable = hasStrongValidator(this.#head) && this.#head.acceptRanges?.trim().toLowerCase() !== 'none';
    if (!resumable || failures >= attempts || this.#faults >= attempts * ATTEMPTS_WITH_PROGRESS) {
      const why = resumable
        ? `failed ${this.#faults} times`
        : 'can not resume: it has no ranges with a strong validator';
      throw new StreamBrokenError(`${this.#session.name} broke at byte ${this.#offset} and ${why}: ${fault.message}`, {
        cause: fault,
      });
    }
    if (failures > 0) await this.#session.pause(fault, failures, this.#signal, this.#deadline);
    else this.#session.retries += 1;
    // Whatever goes wrong here is the next fill's fault: the old body answers it with its own error.
    try {
      await this.#reopen(fault);
    } catch (error) {
      if (!(error instanceof SourceFaultError) || this.#signal.aborted) throw error;
    }
  }

  async #reopen(fault: SourceFaultError): Promise<void> {
    const pins: Pins = pinsOf(this.#head, this.#total ?? 0);
    const range = `bytes=${this.#offset}-`;
    // If-Range alone: where several backends answer, a 412 of one is no word of another.
    const answer = await this.#session.get({ 'if-range': conditionsOf(pins)['if-range'] ?? '', range }, this.#signal);
    const head = readHead(answer);
    const got = readContentRange(head.headers['content-range']);
    const difference = differenceFrom(pins, head, this.#total === undefined ? undefined : got?.total);
    const fits =
      head.status === 206 &&
      got?.first === this.#offset &&
      got.total !== undefined &&
      got.last === got.total - 1 &&
      difference === undefined;
    if (!fits) answer.body.destroy();
    if (fits) {
      this.#total = got.total;
      this.#body = answer.body;
    } else if (head.status === 206 && difference !== undefined) {
      throw new SourceChangedError(`${this.#session.name} is another version by now: ${difference}`, pins);
    } else if (head.status === 200 && difference === undefined) {
      throw new StreamBrokenError(
        `${this.#session.name} broke at byte ${this.#offset} and does not heed ranges: ${fault.message}`,
        { cause: fault },
      );
    }
  }
}
