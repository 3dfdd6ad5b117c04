import type { ByteCount } from '#net/errors.ts';
import { type Pins, SourceChangedError, SourceFaultError, StreamBrokenError } from '../errors.ts';
import type { AnswerBody } from '../lane/answer-body.ts';
import { contentRangeOf, isWhole, readHead, type SourceHead } from './answer.ts';
import { REST_MILLISECONDS, Retries } from './retries.ts';
import type { SourceSession } from './session.ts';
import { conditionsOf, differenceFrom, hasStrongValidator, pinsOf } from './validators.ts';

/** A body that is read from beginning to end, over as many connections as needed if the source can resume. */
export class ResumingStream {
  readonly #session: SourceSession;
  readonly #head: SourceHead;
  readonly #signal: AbortSignal;
  readonly #retries: Retries;
  /** Bytes that the probe has read already. */
  #first: Uint8Array;
  #body: AnswerBody;
  #offset = 0;
  #total: number | undefined;
  #ended = false;
  /** When the last fill ended. */
  #readAt = performance.now();

  constructor(
    session: SourceSession,
    { head, bytes, body }: { head: SourceHead; bytes: Uint8Array; body: AnswerBody },
    { signal, deadline }: { signal: AbortSignal; deadline: Date | undefined },
  ) {
    this.#session = session;
    this.#head = head;
    this.#first = bytes;
    this.#body = body;
    this.#total = head.contentLength;
    this.#signal = signal;
    this.#retries = new Retries(session, signal, deadline);
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#offset;
  }

  /** Whether it is known that everything was read: by a length, chunks, or a range's total. */
  get sizeProven(): boolean {
    return this.#head.framed || this.#total !== undefined;
  }

  /**
   * Fills the target, as AnswerBody does.
   *
   * @throws StreamBrokenError if the connection broke and the source can't continue from there; SourceChangedError.
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
    this.#retries.forgive();
    let rested = performance.now() - this.#readAt >= REST_MILLISECONDS;
    while (filled < target.length && !this.#ended) {
      const before = filled;
      try {
        const wanted = target.length - filled;
        if ((await this.#body.fill(target.subarray(filled), count)) < wanted) this.#end();
      } catch (error) {
        const fault = this.#retries.faultOf(error);
        const givenUp = !rested && this.#retries.count(filled > before);
        await this.#resume(fault, { rested, givenUp });
        // Later faults are not caused by this pause.
        rested = false;
      }
    }
    this.#readAt = performance.now();
    return filled;
  }

  destroy(): void {
    this.#body.destroy();
  }

  get #bytes(): ByteCount | undefined {
    return this.#total === undefined ? undefined : { got: this.#offset, expected: this.#total };
  }

  #end(): void {
    if (this.#total !== undefined && this.#offset !== this.#total) {
      throw new SourceFaultError(`${this.#session.name} ended a body of ${this.#total} bytes after ${this.#offset}`, {
        bytes: { got: this.#offset, expected: this.#total },
      });
    }
    this.#ended = true;
  }

  /**
   * Opens the body again where it broke; returns with the old body if another attempt may succeed.
   *
   * @param rested whether the body was not read for a while before, so that the source is not at fault.
   */
  async #resume(fault: SourceFaultError, { rested, givenUp }: { rested: boolean; givenUp: boolean }): Promise<void> {
    this.#body.destroy();
    const resumable = hasStrongValidator(this.#head) && this.#head.acceptRanges?.trim().toLowerCase() !== 'none';
    if (!resumable || givenUp) {
      const why = resumable
        ? `failed ${this.#retries.times}`
        : 'can not resume: it has no ranges with a strong validator';
      throw new StreamBrokenError(`${this.#session.name} broke at byte ${this.#offset} and ${why}: ${fault.message}`, {
        cause: fault,
        bytes: this.#bytes,
      });
    }
    if (rested) this.#session.retries += 1;
    else await this.#retries.pause(fault);
    // If this fails, the next fill reports the fault: the old body answers with its own error.
    try {
      await this.#reopen(fault);
    } catch (error) {
      if (!(error instanceof SourceFaultError) || this.#signal.aborted) throw error;
    }
  }

  async #reopen(fault: SourceFaultError): Promise<void> {
    const pins: Pins = pinsOf(this.#head, this.#total ?? 0);
    const range = `bytes=${this.#offset}-`;
    // Only If-Range: if several backends answer, a 412 of one says nothing about another.
    const answer = await this.#session.get({ 'if-range': conditionsOf(pins)['if-range'] ?? '', range }, this.#signal);
    const head = readHead(answer);
    const got = contentRangeOf(head);
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
    } else if (isWhole(head) && difference === undefined) {
      throw new StreamBrokenError(
        `${this.#session.name} broke at byte ${this.#offset} and ignores ranges: ${fault.message}`,
        { cause: fault, bytes: this.#bytes },
      );
    }
  }
}
