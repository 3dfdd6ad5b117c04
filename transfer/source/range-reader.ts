import { type Pins, RangesIgnoredError, SourceChangedError, SourceFaultError } from '../errors.ts';
import type { AnswerBody } from '../lane/answer-body.ts';
import { contentRangeOf, isWhole, readHead } from './answer.ts';
import type { SourceAnswer } from './reader.ts';
import { refusesRange } from './refuses-range.ts';
import { REST_MILLISECONDS, Retries } from './retries.ts';
import type { SourceSession } from './session.ts';
import { conditionsOf, differenceFrom } from './validators.ts';

/**
 * A source may answer a range with its whole body once or twice: caches do this for files that they don't have yet.
 * After that, it is deliberate.
 */
const MOST_WHOLE_ANSWERS = 3;

/** The source answered with the whole body although a range was requested. */
class WholeAnswer extends SourceFaultError {}

/** A range of one version of a source. */
export interface WantedRange {
  readonly pins: Pins;
  /** The position of its first byte in the body. */
  readonly offset: number;
  /** Its size in bytes. */
  readonly length: number;
  readonly signal: AbortSignal;
  readonly deadline?: Date | undefined;
}

/**
 * Reads a range of the pinned version from its beginning to its end, with one request if nothing fails. Only the bytes
 * of a checked 206 of that version are ever written to a target.
 */
export class RangeReader {
  readonly #session: SourceSession;
  readonly #wanted: WantedRange;
  /** Bytes of the range that were read. They are never requested again. */
  #read = 0;
  /** The body of the last answer, and the number of its bytes that are still to be read. */
  #answer: { readonly body: AnswerBody; left: number } | undefined;
  /** Whether each further request is for the next target only. */
  #released = false;
  /** When bytes of the answer were last waited for. */
  #waitedAt = 0;
  #wholeAnswers = 0;

  constructor(session: SourceSession, wanted: WantedRange) {
    this.#session = session;
    this.#wanted = wanted;
  }

  /** Whether an answer is open, from which the next bytes come. */
  get begun(): boolean {
    return this.#answer !== undefined;
  }

  /**
   * Waits for the answer to the request, so that the caller needs no buffer meanwhile. It repeats the request and
   * throws as `fill` does.
   *
   * @param bytes of the next target.
   */
  async begin(bytes: number): Promise<void> {
    await this.#repeating(
      bytes,
      async () => {
        this.#answer ??= await this.#ask(bytes);
      },
      () => this.#answer !== undefined,
    );
  }

  /**
   * Fills the target with the next bytes of the range. After a fault, it requests the missing bytes again with backoff,
   * and keeps the bytes that arrived before.
   *
   * @param onBytes receives the bytes in order as they arrive.
   * @throws SourceChangedError if another version answers; RangesIgnoredError if ranges are no longer answered as
   * ranges; SourceUnavailableError after too many faults in a row; SourceRefusedError; SourceAsksToWaitError.
   */
  async fill(target: Uint8Array, onBytes: (piece: Uint8Array) => void): Promise<void> {
    let filled = 0;
    const count = (piece: Uint8Array) => {
      filled += piece.length;
      this.#read += piece.length;
      onBytes(piece);
    };
    await this.#repeating(
      target.length,
      () => this.#fillOnce(target.subarray(filled), count),
      () => filled === target.length,
    );
    this.#waitedAt = performance.now();
  }

  /** Does the work until it is done, also after faults. @param bytes that are wanted, for errors. */
  async #repeating(bytes: number, work: () => Promise<void>, isDone: () => boolean): Promise<void> {
    const { pins, offset, signal, deadline } = this.#wanted;
    const first = offset + this.#read;
    const what = `${this.#session.name}, bytes ${first} to ${first + bytes - 1},`;
    const retries = new Retries(this.#session, signal, deadline);
    let rested = this.#answer !== undefined && performance.now() - this.#waitedAt >= REST_MILLISECONDS;
    while (!isDone()) {
      const before = this.#read;
      try {
        await work();
      } catch (error) {
        this.destroy();
        if (error instanceof WholeAnswer) this.#wholeAnswers += 1;
        if (this.#wholeAnswers >= MOST_WHOLE_ANSWERS || refusesRange(error)) {
          throw new RangesIgnoredError(
            `${this.#session.name} does not answer ranges any more: ${(error as Error).message}`,
            pins,
          );
        }
        if (rested) {
          retries.faultOf(error);
          this.#session.retries += 1;
          // Later faults are not caused by this pause.
          rested = false;
        } else await retries.after(error, what, this.#read > before);
      }
    }
  }

  /** Closes the connection if the rest of the range isn't needed. It does no harm after the end. */
  destroy(): void {
    this.#answer?.body.destroy();
    this.#answer = undefined;
  }

  /**
   * Closes the connection, because others need it more. Each further target gets a request of its own, so that the
   * connection is free after it.
   */
  release(): void {
    this.#released = true;
    this.destroy();
  }

  /** Reads what one answer contains of the target. A short but correct answer is progress. */
  async #fillOnce(target: Uint8Array, onBytes: (piece: Uint8Array) => void): Promise<void> {
    this.#answer ??= await this.#ask(target.length);
    const answer = this.#answer;
    const wanted = Math.min(answer.left, target.length);
    const got = await answer.body.fill(target.subarray(0, wanted), onBytes);
    if (got < wanted) {
      throw new SourceFaultError(`${this.#session.name} ended a range ${answer.left - got} bytes before its end`);
    }
    answer.left -= got;
    if (answer.left > 0) return;
    if ((await answer.body.fill(new Uint8Array(1))) > 0) {
      throw new SourceFaultError(`${this.#session.name} sent more bytes than its Content-Range says`);
    }
    this.destroy();
  }

  /** Requests the rest of the range. @param bytes of the next target. */
  async #ask(bytes: number): Promise<{ readonly body: AnswerBody; left: number }> {
    const { pins, offset, length, signal } = this.#wanted;
    const first = offset + this.#read;
    const last = (this.#released ? first + bytes : offset + length) - 1;
    const answer = await this.#session.get({ ...conditionsOf(pins), range: `bytes=${first}-${last}` }, signal);
    this.#waitedAt = performance.now();
    try {
      return { body: answer.body, left: checkAnswer(this.#session, answer, pins, first, last) };
    } catch (error) {
      answer.body.destroy();
      throw error;
    }
  }
}

/**
 * Fills the target from the pinned version, from `offset` on, as `RangeReader.fill` does.
 *
 * @throws what `RangeReader.fill` throws.
 */
export async function fetchRange(
  session: SourceSession,
  wanted: Omit<WantedRange, 'length'> & {
    readonly target: Uint8Array;
    readonly onBytes: (piece: Uint8Array) => void;
  },
): Promise<void> {
  const { target, onBytes } = wanted;
  const reader = new RangeReader(session, { ...wanted, length: target.length });
  try {
    await reader.fill(target, onBytes);
  } finally {
    reader.destroy();
  }
}

/** @returns how many bytes the answer contains, which may be fewer than requested. */
function checkAnswer(session: SourceSession, answer: SourceAnswer, pins: Pins, first: number, last: number): number {
  const head = readHead(answer);
  if (head.status === 412) throw new SourceChangedError(`${session.name} is another version by now (412)`, pins);
  if (isWhole(head)) {
    const difference = differenceFrom(pins, head, head.contentLength);
    throw difference === undefined
      ? new WholeAnswer(`${session.name} answered with the whole body instead of a range`)
      : new SourceChangedError(`${session.name} is another version by now: ${difference}`, pins);
  }
  if (head.status === 416) throw new SourceChangedError(`${session.name} has no byte ${first} any more (416)`, pins);
  if (head.status !== 206) throw new SourceFaultError(`${session.name} answered ${head.status} to a range`);
  const range = contentRangeOf(head);
  const difference = differenceFrom(pins, head, range?.total);
  if (difference !== undefined) {
    throw new SourceChangedError(`${session.name} is another version by now: ${difference}`, pins);
  }
  if (range === undefined || range.first !== first || range.last > last || range.total === undefined) {
    throw new SourceFaultError(
      `${session.name} answered bytes ${first}-${last} with Content-Range ${head.headers['content-range'] ?? 'missing'}`,
    );
  }
  const length = range.last - range.first + 1;
  if (head.contentLength !== undefined && head.contentLength !== length) {
    throw new SourceFaultError(`${session.name} answered ${head.contentLength} bytes for a Content-Range of ${length}`);
  }
  return length;
}
