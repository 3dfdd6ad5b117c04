import { NotInTimeError, type Pins, SourceFaultError, SourceRefusedError } from '../errors.ts';
import type { AnswerBody } from '../lane/answer-body.ts';
import type { Headers } from '../lane/answer-head.ts';
import { giveBuffer, takeBuffer } from '../parts/buffers.ts';
import { addCrc32, EMPTY_CRC32 } from '../proof/crc32.ts';
import { type ContentRange, contentRangeOf, isPartOnly, isWhole, readHead, type SourceHead } from './answer.ts';
import { FirstBytes } from './first-bytes.ts';
import { Pace } from './pace.ts';
import type { SourceAnswer } from './reader.ts';
import { refusesRange } from './refuses-range.ts';
import { Retries } from './retries.ts';
import type { SourceSession } from './session.ts';
import { hasStrongValidator, pinsOf } from './validators.ts';

/** The result of the first GET. Its body is already the first part. */
export type Probe =
  | { readonly kind: 'unchanged'; readonly head: SourceHead }
  /** The whole body. */
  | { readonly kind: 'whole'; readonly head: SourceHead; readonly bytes: Buffer; readonly crc: number }
  /** The first bytes of a longer source with ranges and a strong validator: read or destroy them soon. */
  | {
      readonly kind: 'ranges';
      readonly head: SourceHead;
      readonly pins: Pins;
      readonly first: FirstBytes;
    }
  /** The first bytes of a flowing body: the rest is in `body`. */
  | { readonly kind: 'stream'; readonly head: SourceHead; readonly bytes: Buffer; readonly body: AnswerBody };

export interface ProbeOptions {
  /** How many bytes to request, and to read from a stream. */
  readonly bytes: number;
  /** If-None-Match and If-Modified-Since for the version that landed before. */
  readonly conditions: Headers;
  /** Use one stream even if there are ranges. */
  readonly oneStream: boolean;
  readonly signal: AbortSignal;
  readonly deadline?: Date | undefined;
}

const NOTHING = Buffer.alloc(0);

/** The requested range can't be used; the next GET has no range. */
class PlainGetNeeded extends Error {
  override readonly name = 'PlainGetNeeded';
}

/**
 * Requests the first bytes, again with backoff after a fault, and decides from the answer how to read the rest.
 *
 * @throws SourceRefusedError, SourceUnavailableError, SourceAsksToWaitError, RedirectError, SourceChangedError.
 */
export async function probeSource(session: SourceSession, options: ProbeOptions): Promise<Probe> {
  const { signal, deadline } = options;
  const retries = new Retries(session, signal, deadline);
  const target = takeBuffer(options.bytes);
  let plain = options.oneStream;
  let { conditions } = options;
  for (;;) {
    try {
      const probe = await probeOnce(session, { ...options, conditions }, target, plain);
      if (probe.kind === 'unchanged' || (probe.kind !== 'ranges' && probe.bytes.length === 0)) giveBuffer(target);
      return probe;
    } catch (error) {
      if (error instanceof PlainGetNeeded || (!plain && refusesRange(error))) {
        plain = true;
        continue;
      }
      if (error instanceof SourceRefusedError && error.status === 412 && Object.keys(conditions).length > 0) {
        // For a GET, If-None-Match is answered by 304 or by the file; only a request without it shows the file here.
        conditions = {};
        continue;
      }
      if (deadline !== undefined && error instanceof SourceFaultError && Date.now() >= deadline.getTime()) {
        throw new NotInTimeError(`${session.name} was not read by the deadline: ${error.message}`, 0);
      }
      await retries.after(error, session.name);
    }
  }
}

async function probeOnce(
  session: SourceSession,
  options: ProbeOptions,
  target: Buffer,
  plain: boolean,
): Promise<Probe> {
  const range: Headers = plain ? {} : { range: `bytes=0-${target.length - 1}` };
  const answer = await session.get({ ...options.conditions, ...range }, options.signal);
  let flows = false;
  try {
    const probe = await readAnswer(session, options, target, answer, plain);
    flows = probe.kind === 'stream' || probe.kind === 'ranges';
    return probe;
  } finally {
    if (!flows) answer.body.destroy();
  }
}

async function readAnswer(
  session: SourceSession,
  options: ProbeOptions,
  target: Buffer,
  answer: SourceAnswer,
  plain: boolean,
): Promise<Probe> {
  const head = readHead(answer);
  if (head.status === 304 && Object.keys(options.conditions).length > 0) return { kind: 'unchanged', head };
  if (isWhole(head) && isPartOnly(head)) {
    if (!plain) throw new PlainGetNeeded();
    throw new SourceFaultError(
      `${session.name} answered ${head.status} with Content-Range ${head.headers['content-range']}, so its body is only a part of the file`,
    );
  }
  if (isWhole(head))
    return readPlain(target, answer, head, new Pace(session.name, options.deadline, head.contentLength));
  if (!plain && head.status === 416) {
    if (/^\s*bytes\s+\*\/0\s*$/i.test(head.headers['content-range'] ?? '')) {
      // The header fields belong to the error page, not to the file.
      return { kind: 'whole', head: readHead({ ...answer, headers: {} }), bytes: NOTHING, crc: EMPTY_CRC32 };
    }
    throw new PlainGetNeeded();
  }
  const range = !plain && head.status === 206 ? usableRange(head, target.length) : undefined;
  if (range !== undefined) return readRange(session, options, target, answer, head, range);
  if (!plain && head.status === 206) throw new PlainGetNeeded();
  // 412 and 416 are about conditions and ranges, but this request may have had none.
  if (head.status >= 400) throw new SourceRefusedError(head.status, session.name);
  throw new SourceFaultError(`${session.name} answered ${head.status} to a GET, which is no answer with the file`);
}

/** @returns undefined for multipart/byteranges, another unit or another range: then the body is not the first bytes. */
function usableRange(head: SourceHead, asked: number): (ContentRange & { total: number }) | undefined {
  const range = contentRangeOf(head);
  if (range === undefined || range.first !== 0 || range.last >= asked || range.total === undefined) return undefined;
  if (head.contentLength !== undefined && head.contentLength !== range.last + 1) return undefined;
  return { ...range, total: range.total };
}

async function readRange(
  session: SourceSession,
  options: ProbeOptions,
  target: Buffer,
  answer: SourceAnswer,
  head: SourceHead,
  range: ContentRange & { total: number },
): Promise<Probe> {
  const length = range.last + 1;
  // Without a validator, nothing shows that a second answer is of the same file.
  if (range.total > length && !hasStrongValidator(head)) throw new PlainGetNeeded();
  const pins = pinsOf(head, range.total);
  const resume = range.total > target.length;
  const first = new FirstBytes({
    session,
    pins,
    body: answer.body,
    length,
    target: target.subarray(0, range.total),
    resume,
    deadline: options.deadline,
  });
  return resume
    ? { kind: 'ranges', head, pins, first }
    : { kind: 'whole', head, ...(await first.read(options.signal)) };
}

async function readPlain(target: Buffer, { body }: SourceAnswer, head: SourceHead, pace: Pace): Promise<Probe> {
  if (head.contentLength !== undefined && head.contentLength > target.length) {
    return { kind: 'stream', head, bytes: NOTHING, body };
  }
  let crc = EMPTY_CRC32;
  let seen = 0;
  const got = await body.fill(target, (piece) => {
    crc = addCrc32(crc, piece);
    seen += piece.length;
    pace.check(seen);
  });
  const bytes = got === 0 ? NOTHING : target.subarray(0, got);
  if (got === target.length) {
    // The buffer is full: only another read shows whether this was all.
    const next = Buffer.allocUnsafe(1);
    if ((await body.fill(next)) > 0) {
      return { kind: 'stream', head, bytes: Buffer.concat([bytes, next]), body };
    }
  }
  if (head.contentLength !== undefined && got !== head.contentLength) {
    throw new SourceFaultError(`the source ended a body of ${head.contentLength} bytes after ${got}`, {
      bytes: { got, expected: head.contentLength },
    });
  }
  return { kind: 'whole', head, bytes, crc };
}
