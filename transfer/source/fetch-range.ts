import { type Pins, RangesIgnoredError, SourceChangedError, SourceFaultError } from '../errors.ts';
import { contentRangeOf, isWhole, readHead } from './answer.ts';
import type { SourceAnswer } from './reader.ts';
import { refusesRange } from './refuses-range.ts';
import { Retries } from './retries.ts';
import type { SourceSession } from './session.ts';
import { conditionsOf, differenceFrom } from './validators.ts';

/**
 * A source may answer a range with its whole body once or twice: caches do this for files that they don't have yet.
 * After that, it is deliberate.
 */
const MOST_WHOLE_ANSWERS = 3;

/** The source answered with the whole body although a range was requested. */
class WholeAnswer extends SourceFaultError {}

/** The requested bytes of one version of a source. */
export interface RangeWanted {
  readonly pins: Pins;
  readonly offset: number;
  readonly target: Uint8Array;
  /** Receives the bytes in order as they arrive; bytes that it received are never requested again. */
  readonly onBytes: (piece: Uint8Array) => void;
  readonly signal: AbortSignal;
  readonly deadline?: Date | undefined;
}

/**
 * Fills the target from the pinned version. After a fault, it requests the missing bytes again with backoff, and keeps
 * the bytes that arrived before: only a checked 206 of that version is ever written to the target.
 *
 * @throws SourceChangedError if another version answers; RangesIgnoredError if ranges are no longer answered as ranges;
 * SourceUnavailableError after too many faults in a row; SourceRefusedError; SourceAsksToWaitError.
 */
export async function fetchRange(session: SourceSession, wanted: RangeWanted): Promise<void> {
  const { target, offset, pins, signal, deadline } = wanted;
  const retries = new Retries(session, signal, deadline);
  const what = `${session.name}, bytes ${offset} to ${offset + target.length - 1},`;
  let filled = 0;
  let wholeAnswers = 0;
  const count = (piece: Uint8Array) => {
    filled += piece.length;
    wanted.onBytes(piece);
  };
  while (filled < target.length) {
    const before = filled;
    try {
      await readOnce(session, wanted, filled, count);
    } catch (error) {
      if (error instanceof WholeAnswer) wholeAnswers += 1;
      if (wholeAnswers >= MOST_WHOLE_ANSWERS || refusesRange(error)) {
        throw new RangesIgnoredError(
          `${session.name} does not answer ranges any more: ${(error as Error).message}`,
          pins,
        );
      }
      await retries.after(error, what, filled > before);
    }
  }
}

/**
 * Makes one request for the missing bytes. A short but correct answer is progress: the caller continues at the next
 * byte.
 */
async function readOnce(
  session: SourceSession,
  { pins, offset, target, signal }: RangeWanted,
  filled: number,
  onBytes: (piece: Uint8Array) => void,
): Promise<void> {
  const first = offset + filled;
  const last = offset + target.length - 1;
  const answer = await session.get({ ...conditionsOf(pins), range: `bytes=${first}-${last}` }, signal);
  try {
    const length = checkAnswer(session, answer, pins, first, last);
    const got = await answer.body.fill(target.subarray(filled, filled + length), onBytes);
    if (got < length) {
      throw new SourceFaultError(`${session.name} ended a range of ${length} bytes after ${got}`);
    }
    if ((await answer.body.fill(new Uint8Array(1))) > 0) {
      throw new SourceFaultError(`${session.name} sent more than the ${length} bytes of its Content-Range`);
    }
  } finally {
    answer.body.destroy();
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
