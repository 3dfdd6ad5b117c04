import { timerMilliseconds } from '#net/wait.ts';

/** S3 accepted or sent no byte for too long. The name counts as a failed connection. */
export class StorageStalled extends Error {
  override readonly name = 'TimeoutError';
}

/** The answer came before the body was sent: the rest of the body is not wanted. */
export class AnsweredEarly extends Error {
  override readonly name = 'AnsweredEarly';
}

/** S3 had closed a kept connection before a byte of the answer came. */
export class StaleConnection extends Error {
  override readonly name = 'StaleConnection';
  /** The code of the connection's own error: if the body can't be sent again here, the caller tries the call again. */
  readonly code = 'ECONNRESET';
}

/** The connection ended before the answer, or within it. */
export class AnswerClosed extends Error {
  override readonly name = 'AnswerClosed';
  readonly code = 'ECONNRESET';
}

/**
 * A success was answered before the body was sent. So something between may have answered, or S3 stored a part of it.
 */
export class TooEarlySuccess extends AnswerClosed {
  constructor(status: number) {
    super(`S3 answered ${status} before it had the whole body`);
  }
}

/** For an answer that comes byte by byte: it may take so many times as long as S3 may be silent. */
const ANSWER_PATIENCE = 10;

/** The longest list of S3 is half a megabyte. The rest is for the objects that functions read into memory. */
const MOST_ANSWER_BYTES = 67_108_864;

/**
 * Limits the time for an answer, from the end of the request on. Silence is noticed elsewhere; an answer that trickles
 * would not end.
 *
 * @returns a timer to be cleared.
 */
export function whenTooSlow(stallSeconds: number, end: (error: Error) => void): NodeJS.Timeout {
  const seconds = stallSeconds * ANSWER_PATIENCE;
  const late = () => end(new StorageStalled(`the answer of S3 did not end within ${seconds} s`));
  return setTimeout(late, timerMilliseconds(seconds * 1_000));
}

/** @throws AnswerClosed if an answer is larger than any that the engine asks for. */
export function checkSize(bytes: number): void {
  if (bytes > MOST_ANSWER_BYTES) throw new AnswerClosed(`the answer of S3 has more than ${MOST_ANSWER_BYTES} bytes`);
}
