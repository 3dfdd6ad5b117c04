import { whenAborted } from '#net/signals.ts';
import { type Pins, SourceFaultError } from '../errors.ts';
import type { AnswerBody } from '../lane/answer-body.ts';
import { addCrc32, EMPTY_CRC32 } from '../proof/crc32.ts';
import { Pace } from './pace.ts';
import { fetchRange } from './range-reader.ts';
import type { SourceSession } from './session.ts';

/** A checked 206 to a probe, whose body is still in the socket. */
export interface FirstAnswer {
  readonly session: SourceSession;
  readonly pins: Pins;
  readonly body: AnswerBody;
  /** How many bytes the answer contains: all that were requested, or fewer. */
  readonly length: number;
  /** A buffer for all requested bytes. */
  readonly target: Buffer;
  /**
   * Whether to continue by range if the answer breaks; otherwise its fault is thrown, and the probe may be repeated.
   */
  readonly resume: boolean;
  readonly deadline: Date | undefined;
}

/**
 * The first bytes of a source with ranges: the probe has the head of their answer, and other ranges may be read
 * meanwhile.
 */
export class FirstBytes {
  readonly #answer: FirstAnswer;
  #reading: Promise<{ bytes: Buffer; crc: number }> | undefined;

  constructor(answer: FirstAnswer) {
    this.#answer = answer;
  }

  get length(): number {
    return this.#answer.target.length;
  }

  /**
   * Reads them, once however often it is called. Bytes that a short or broken answer lacks are requested by range.
   *
   * @throws what `fetchRange` throws; SourceFaultError if it may not continue.
   */
  read(signal: AbortSignal): Promise<{ bytes: Buffer; crc: number }> {
    this.#reading ??= this.#read(signal);
    return this.#reading;
  }

  /** Closes the connection if the bytes aren't needed. It does no harm after `read`. */
  destroy(): void {
    this.#answer.body.destroy();
  }

  async #read(signal: AbortSignal): Promise<{ bytes: Buffer; crc: number }> {
    const { session, pins, target, resume, deadline } = this.#answer;
    let filled = 0;
    let crc = EMPTY_CRC32;
    // A whole body is read here to its end; the reader of a longer body watches its deadline itself.
    const pace = new Pace(session.name, resume ? undefined : deadline, target.length);
    const onBytes = (piece: Uint8Array) => {
      filled += piece.length;
      crc = addCrc32(crc, piece);
      pace.check(filled);
    };
    const forget = whenAborted(signal, () => this.destroy());
    try {
      signal.throwIfAborted();
      await this.#readAnswer(onBytes);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof SourceFaultError) || !resume) throw error;
      await session.pause(error, 1, signal, deadline);
    } finally {
      forget();
      this.destroy();
    }
    if (filled < target.length) {
      await fetchRange(session, { pins, offset: filled, target: target.subarray(filled), onBytes, signal, deadline });
    }
    return { bytes: target, crc };
  }

  async #readAnswer(onBytes: (piece: Uint8Array) => void): Promise<void> {
    const { session, body, length, target } = this.#answer;
    const got = await body.fill(target.subarray(0, length), onBytes);
    if (got < length) throw new SourceFaultError(`${session.name} ended a range of ${length} bytes after ${got}`);
    if ((await body.fill(new Uint8Array(1))) > 0) {
      throw new SourceFaultError(`${session.name} sent more than the ${length} bytes of its Content-Range`);
    }
  }
}
