import { randomBytes } from 'node:crypto';
import { type Context, retriesOf } from '../context.ts';
import { InvalidDestinationError, type Pins } from '../errors.ts';
import type { Landed } from '../landed.ts';
import { objectMetadata, sourceHash } from '../object/metadata.ts';
import type { PartPlan } from '../parts/plan.ts';
import { noteOnHtml } from '../proof/content-type.ts';
import type { ObjectHeaders } from '../s3/whole-object.ts';
import type { SourceHead } from '../source/answer.ts';
import { statedHashes } from '../source/stated-hashes.ts';
import type { TransferState } from '../state.ts';

/** What is known after the first answer's head, for all ways to continue. */
export interface Beginning {
  readonly context: Context;
  readonly startedAt: Date;
  readonly head: SourceHead;
  readonly token: string;
  readonly headers: ObjectHeaders;
  readonly notes: string[];
}

/** @throws InvalidDestinationError if the caller's metadata are too large. */
export function begin(context: Context, startedAt: Date, head: SourceHead, notes: string[]): Beginning {
  const token = randomBytes(16).toString('hex');
  const made = objectMetadata({
    token,
    // Everybody who may read the object can read its metadata, so not even the names in the query are stored there.
    url: context.session.name.replace(/\?.*$/, ''),
    urlHash: sourceHash(context.source.url, head.url),
    etag: head.etag,
    lastModified: head.lastModified,
    expect: context.expect,
    user: context.destination.metadata ?? {},
  });
  if (made === undefined) {
    throw new InvalidDestinationError(`the metadata for ${context.store.name} are more than S3's 2 KiB: shorten them`);
  }
  const headers: ObjectHeaders = {
    metadata: made.metadata,
    contentType: context.destination.contentType ?? head.contentType,
    contentEncoding: head.contentEncoding,
  };
  const ignored = head.ignored.map((name) => `the source's ${name} is not valid, so it is left out`);
  const html = noteOnHtml(head.contentType, context.source.url) ?? [];
  return { context, startedAt, head, token, headers, notes: [...notes, ...ignored, ...made.notes].concat(html) };
}

/** Returns the JSON state with which another process continues. */
export function stateOf(
  { context, head, headers, token, startedAt, notes }: Beginning,
  pins: Pins,
  uploadId: string,
  plan: PartPlan,
): TransferState {
  return {
    v: 1,
    bucket: context.store.bucket,
    key: context.store.key,
    uploadId,
    token,
    checksum: 'crc32-full-object',
    pins,
    ...plan,
    startedAt: startedAt.toISOString(),
    ...(head.etag === undefined ? {} : { sourceEtag: head.etag }),
    ...(headers.contentType === undefined ? {} : { contentType: headers.contentType }),
    ...(headers.contentEncoding === undefined ? {} : { contentEncoding: headers.contentEncoding }),
    stated: statedHashes(head),
    proofs: [],
    retries: retriesOf(context),
    notes,
  };
}

/** A transfer that one process has to complete: the source has no usable ranges, or a hash of the whole is expected. */
export interface LiveTransfer {
  /** Distinguishes it from the other results of opening. */
  readonly kind: 'stream';
  /** The length that the source states; undefined if it states none. */
  readonly bytes: number | undefined;
  /**
   * After `run`, the bytes of the parts that an earlier process has sent for the upload of `resume`. They were read
   * again for the hash, and not sent again.
   */
  readonly keptBytes: number;
  /**
   * Reads everything and lands it.
   *
   * @throws NotInTimeError if the transfer can't end before the deadline: early, so that another process can do it.
   * StreamBrokenError, SourceChangedError, SourceUnavailableError, SourceAsksToWaitError, TooLargeForOneStreamError,
   * ProofFailedError, ObjectExistsError, UploadVanishedError, StorageError, or the signal's reason. The upload is
   * aborted before any of them.
   */
  run(): Promise<Landed>;
  /** Call it instead of `run` to close the connection. Nothing has begun at S3. */
  abandon(): Promise<void>;
}
