import { UploadVanishedError } from '../errors.ts';
import { MOST_ATTEMPTS } from '../s3/attempts.ts';
import { isTransientS3Error, isUncertain, s3ErrorCode, s3Status } from '../s3/errors.ts';
import type { ObjectStore, StoredPart } from '../s3/object-store.ts';
import type { WholeObject } from '../s3/whole-object.ts';
import { META } from './metadata.ts';

/** InvalidPart means that a part changed between the list and Complete: list again, so many times. */
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

/**
 * Makes the object of its parts, and finds out what came of it where S3's answer doesn't say.
 *
 * @returns `exists` where `ifAbsent` met somebody else's object; the upload is still open then.
 * @throws UploadVanishedError where a new upload has to be begun, StorageError.
 */
export async function completeUpload(
  store: ObjectStore,
  completion: Completion,
  signal: AbortSignal,
): Promise<'done' | 'exists'> {
  let { parts } = completion;
  let lists = 0;
  for (let attempt = 1; ; attempt++) {
    try {
      await store.completeOnce(completion.uploadId, parts, completion, completion.ifAbsent, signal);
      return 'done';
    } catch (error) {
      signal.throwIfAborted();
      const code = s3ErrorCode(error);
      const status = s3Status(error);
      const gone = code === 'NoSuchUpload';
      if ((gone || status === 412 || isUncertain(error)) && (await isOurs(store, completion, signal))) return 'done';
      if (gone) throw new UploadVanishedError(`${store.name}: the upload is gone`, { cause: error });
      if (status === 412) return 'exists';
      if (status === 409) {
        throw new UploadVanishedError(`${store.name}: S3 asks for a new upload (${code})`, { cause: error });
      }
      if (code === 'InvalidPart' && lists < LISTS_AGAIN) {
        lists += 1;
        parts = await listAgain(store, completion, signal);
      } else if (!isTransientS3Error(error) || code === 'BadDigest' || attempt >= MOST_ATTEMPTS) {
        // A digest of the whole that S3 refuses is not damaged on the way: the parts are not what they were taken for.
        throw store.attempts.failed('CompleteMultipartUpload', error, attempt);
      }
      await store.attempts.pause(attempt, signal);
    }
  }
}

/** The same parts by size and CRC, under whatever ETags they have now. */
async function listAgain(store: ObjectStore, { uploadId, parts }: Completion, signal: AbortSignal) {
  const listed = new Map(
    (await store.listParts(uploadId, 1, parts.length, signal)).map((part) => [part.number, part] as const),
  );
  return parts.map((part) => {
    const now = listed.get(part.number);
    return now !== undefined && now.bytes === part.bytes && now.crc === part.crc ? now : part;
  });
}

/** Whether the object at the key is the one that this completion makes. */
async function isOurs(
  store: ObjectStore,
  { token, bytes, crc }: Pick<Completion, 'token' | 'bytes' | 'crc'>,
  signal: AbortSignal,
): Promise<boolean> {
  const head = await store.head(signal);
  if (head === undefined || head === 'forbidden') return false;
  return head.metadata[META.upload] === token && head.bytes === bytes && head.crc === crc;
}

/**
 * Stores a whole body by one PutObject.
 *
 * @returns `exists` where `ifAbsent` met somebody else's object.
 * @throws StorageError
 */
export async function putWhole(
  store: ObjectStore,
  body: WholeObject & { readonly token: string },
  signal: AbortSignal,
): Promise<'done' | 'exists'> {
  for (let attempt = 1; ; attempt++) {
    try {
      await store.putOnce(body, signal);
      return 'done';
    } catch (error) {
      signal.throwIfAborted();
      const mine = { token: body.token, bytes: body.bytes.length, crc: body.crc };
      if (s3Status(error) === 412) return (await isOurs(store, mine, signal)) ? 'done' : 'exists';
      // 409: another conditional write of this key was under way; S3's word for it is to try again.
      const again = s3Status(error) === 409 || isTransientS3Error(error);
      if (!again || attempt >= MOST_ATTEMPTS) throw store.attempts.failed('PutObject', error, attempt);
      await store.attempts.pause(attempt, signal);
    }
  }
}
