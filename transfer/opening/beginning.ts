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

/** What is known once the first answer's head is read, for all ways to go on. */
export interface Beginning {
  readonly context: Context;
  readonly startedAt: Date;
  readonly head: SourceHead;
  readonly token: string;
  readonly headers: ObjectHeaders;
  readonly notes: string[];
}

/** @throws InvalidDestinationError where the caller's metadata are too many. */
export function begin(context: Context, startedAt: Date, head: SourceHead, notes: string[]): Beginning {
  const token = randomBytes(16).toString('hex');
  const made = objectMetadata({
    token,
    // Whoever may read the object reads its metadata: not even the query's names go there.
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
  const ignored = head.ignored.map((name) => `the source's ${name} is nothing that anybody can mean, and is left out`);
  const html = noteOnHtml(head.contentType, context.source.url) ?? [];
  return { context, startedAt, head, token, headers, notes: [...notes, ...ignored, ...made.notes].concat(html) };
}

/** The JSON that another process goes on from. */
export function stateOf(
  { context, head, headers, token, startedAt, notes }: Beginning,
  pins: Pins,
  uploadId: string,
  plan: PartPlan,
  proofs: TransferState['proofs'],
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
    proofs,
    retries: retriesOf(context),
    notes,
  };
}

/** A transfer that one process has to see through: the source has no usable ranges, or a hash of the whole is expected. */
export interface LiveTransfer {
  readonly kind: 'stream';
  /** What the source says; undefined where it doesn't. */
  readonly bytes: number | undefined;
  /**
   * Reads all and lands it.
   *
   * @throws NotInTimeError where the deadline of the options is not to be kept: early, so that another process can take
   *   it. StreamBrokenError, SourceChangedError, SourceUnavailableError, SourceAsksToWaitError, TooLargeForOneStreamError,
   *   ProofFailedError, ObjectExistsError, UploadVanishedError, StorageError, or the signal's reason. The upload is
   *   aborted before any of them.
   */
  run(): Promise<Landed>;
  /** Instead of `run`: closes the connection. Nothing has been begun at S3. */
  abandon(): Promise<void>;
}
