import { withGrace } from '#net/signals.ts';
import { OutcomeUnknownError, UploadVanishedError } from '../errors.ts';
import { mostAttempts } from '../s3/attempts.ts';
import { isTransientS3Error, isUncertain, s3ErrorCode, s3Status, UncertainAnswerError } from '../s3/errors.ts';
import type { ObjectStore, StoredPart } from '../s3/object-store.ts';
import type { ObjectHead, WholeObject } from '../s3/whole-object.ts';
import { META } from './metadata.ts';

/** The time limit for finding out, after an abort, whether a write succeeded. */
const LATE_MILLISECONDS = 60_000;

/**
 * InvalidPart means that a part changed between the list and Complete: this is how often the parts are listed again.
 */
const LISTS_AGAIN = 3;

export interface Completion {
  readonly uploadId: string;
  readonly token: string;
  readonly parts: readonly StoredPart[];
  readonly bytes: number;
  readonly crc: number;
  /** Only where there is no object yet. */
  readonly ifAbsent: boolean;
}

/** How often S3 may refuse a write because of an object that is not there: it was deleted meanwhile. */
const CONFLICTS_WITH_NOTHING = 4;

/** The object that another program has written. */
export interface Exists {
  /** `forbidden` if S3 does not permit the look. */
  readonly exists: ObjectHead | 'forbidden';
}

/**
 * Makes the object from its parts. If S3's answer does not show the outcome, or the signal aborts meanwhile, it finds
 * out whether the object exists.
 *
 * @returns the other object if `ifAbsent` found one; the upload is still open then.
 * @throws UploadVanishedError if a new upload has to begin; StorageError; the signal's reason if it has aborted and
 * there is no object; OutcomeUnknownError if this can't be found out.
 */
export function completeUpload(
  store: ObjectStore,
  completion: Completion,
  signal: AbortSignal,
): Promise<'done' | Exists> {
  return knowing(
    signal,
    (doubt) => completeAgain(store, completion, signal, doubt),
    () => afterAbort(store, completion, signal, () => abortLate(store, completion.uploadId)),
  );
}

/** Whether an earlier request of a write may have been done, although no answer shows it. */
interface Doubt {
  mayStand: boolean;
}

/** Makes a write. If the signal aborts when a request of it may have been done, the outcome has to be found out. */
async function knowing<T>(
  signal: AbortSignal,
  write: (doubt: Doubt) => Promise<T>,
  findOut: () => Promise<'done'>,
): Promise<T | 'done'> {
  const doubt = { mayStand: false };
  try {
    return await write(doubt);
  } catch (error) {
    if (!doubt.mayStand || !signal.aborted || error !== signal.reason) throw error;
    return await findOut();
  }
}

async function completeAgain(
  store: ObjectStore,
  completion: Completion,
  signal: AbortSignal,
  doubt: Doubt,
): Promise<'done' | Exists> {
  const { uploadId, ifAbsent } = completion;
  let { parts } = completion;
  let lists = 0;
  let conflicts = 0;
  const onStale = () => {
    doubt.mayStand = true;
  };
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    try {
      await withGrace(signal, (late) => store.completeOnce(uploadId, parts, completion, ifAbsent, late, onStale));
      return 'done';
    } catch (error) {
      // After this, S3 may refuse a request because it has done an earlier one whose answer was lost.
      doubt.mayStand ||= signal.aborted || isUncertain(error);
      signal.throwIfAborted();
      const code = s3ErrorCode(error);
      const status = s3Status(error);
      const gone = code === 'NoSuchUpload';
      if (status === 412 && ifAbsent) {
        const found = await lookFor(store, completion, signal);
        if (found === 'ours') return 'done';
        if (found !== 'none') return { exists: found };
        conflicts += 1;
        if (conflicts === CONFLICTS_WITH_NOTHING)
          throw store.attempts.failed('CompleteMultipartUpload', error, conflicts);
        await store.attempts.pause(conflicts, signal);
        continue;
      }
      if ((gone || status === 412 || doubt.mayStand) && (await isOurs(store, completion, signal))) return 'done';
      if (gone) throw new UploadVanishedError(`${store.name}: the upload does not exist any more`, { cause: error });
      if (status === 409) {
        // Another conditional write of this key was under way. The pause keeps the next try from meeting it again.
        await store.attempts.pause(attempt, signal);
        throw new UploadVanishedError(`${store.name}: S3 asks for a new upload (${code})`, { cause: error });
      }
      if (code === 'InvalidPart' && lists < LISTS_AGAIN) {
        lists += 1;
        parts = await listAgain(store, completion, signal);
      } else if (!isTransientS3Error(error) || code === 'BadDigest' || attempt >= mostAttempts(error)) {
        // If S3 refuses a digest of the whole object, it was not damaged in transport: the parts differ from what the
        // engine assumed.
        throw store.attempts.failed('CompleteMultipartUpload', error, attempt);
      }
      await store.attempts.pause(attempt, signal);
    }
  }
}

function abortLate(store: ObjectStore, uploadId: string): Promise<void> {
  return store.abortUpload(uploadId, AbortSignal.timeout(LATE_MILLISECONDS));
}

/**
 * Finds out the outcome of a write that may have been done when the signal aborted.
 *
 * @returns `done` if the object exists.
 * @throws the signal's reason if it doesn't; OutcomeUnknownError if this can't be found out.
 */
async function afterAbort(
  store: ObjectStore,
  mine: Pick<Completion, 'token' | 'bytes' | 'crc'>,
  signal: AbortSignal,
  tidy: () => Promise<void> = async () => {},
): Promise<'done'> {
  let found: Found;
  try {
    // After the upload is aborted, no Complete can succeed any more, so the look after that is final.
    await tidy();
    found = await lookFor(store, mine, AbortSignal.timeout(LATE_MILLISECONDS));
  } catch (cause) {
    throw new OutcomeUnknownError(store.name, { cause });
  }
  if (found === 'forbidden') throw new OutcomeUnknownError(store.name, { cause: signal.reason });
  if (found === 'ours') return 'done';
  throw signal.reason;
}

/** The same parts by size and CRC, with their present ETags. */
async function listAgain(store: ObjectStore, { uploadId, parts }: Completion, signal: AbortSignal) {
  const listed = new Map(
    (await store.listParts(uploadId, 1, parts.length, signal)).map((part) => [part.number, part] as const),
  );
  return parts.map((part) => {
    const now = listed.get(part.number);
    return now !== undefined && now.bytes === part.bytes && now.crc === part.crc ? now : part;
  });
}

/** What a look at the key found: the object that this write makes, another one, or none. */
type Found = 'ours' | 'none' | ObjectHead | 'forbidden';

async function lookFor(
  store: ObjectStore,
  { token, bytes, crc }: Pick<Completion, 'token' | 'bytes' | 'crc'>,
  signal: AbortSignal,
): Promise<Found> {
  const head = await store.head(signal);
  if (head === 'forbidden') return head;
  if (head === undefined) return 'none';
  return head.metadata[META.upload] === token && head.bytes === bytes && head.crc === crc ? 'ours' : head;
}

async function isOurs(...look: Parameters<typeof lookFor>): Promise<boolean> {
  return (await lookFor(...look)) === 'ours';
}

/**
 * Stores a whole body with one PutObject.
 *
 * @returns the other object if `ifAbsent` found one; `unconditional` if the server does not support `ifAbsent`.
 * @throws StorageError, and as `completeUpload` if the signal aborts.
 */
export function putWhole(
  store: ObjectStore,
  body: WholeObject & { readonly token: string },
  signal: AbortSignal,
): Promise<'done' | Exists | 'unconditional'> {
  const mine = { token: body.token, bytes: body.bytes.length, crc: body.crc };
  return knowing(
    signal,
    (doubt) => putAgain(store, body, mine, signal, doubt),
    () => afterAbort(store, mine, signal),
  );
}

async function putAgain(
  store: ObjectStore,
  body: WholeObject,
  mine: Pick<Completion, 'token' | 'bytes' | 'crc'>,
  signal: AbortSignal,
  doubt: Doubt,
): Promise<'done' | Exists | 'unconditional'> {
  let conflicts = 0;
  const onStale = () => {
    doubt.mayStand = true;
  };
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    try {
      await withGrace(signal, (late) => store.putOnce(body, late, onStale));
      return 'done';
    } catch (error) {
      doubt.mayStand ||= signal.aborted || isUncertain(error);
      signal.throwIfAborted();
      const status = s3Status(error);
      if (status === 412 && body.ifAbsent) {
        const found = await lookFor(store, mine, signal);
        if (found === 'ours') return 'done';
        if (found !== 'none') return { exists: found };
        conflicts += 1;
        if (conflicts === CONFLICTS_WITH_NOTHING) throw store.attempts.failed('PutObject', error, conflicts);
        await store.attempts.pause(conflicts, signal);
        continue;
      }
      if (error instanceof UncertainAnswerError && (await isOurs(store, mine, signal))) return 'done';
      // The server does not support the condition; S3 does.
      if (status === 501 && body.ifAbsent) return 'unconditional';
      // 409: another conditional write of this key was under way; S3 says to try again.
      const again = status === 409 || isTransientS3Error(error);
      if (!again || attempt >= mostAttempts(error)) {
        // S3 refuses this attempt, but may have done an earlier one whose answer was lost.
        if (doubt.mayStand && (await isOurs(store, mine, signal))) return 'done';
        throw store.attempts.failed('PutObject', error, attempt);
      }
      await store.attempts.pause(attempt, signal);
    }
  }
}
