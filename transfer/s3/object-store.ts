import type { S3Client } from '@aws-sdk/client-s3';
import { withGrace } from '#net/signals.ts';
import { StorageError, UploadVanishedError } from '../errors.ts';
import { crc32FromBase64, crc32ToBase64 } from '../proof/crc32.ts';
import { Attempts, MOST_ATTEMPTS, mostAttempts } from './attempts.ts';
import { type Commands, commandsOf } from './commands.ts';
import { isUncertain, s3ErrorCode, s3Status, UncertainAnswerError } from './errors.ts';
import { LostUploads } from './lost-uploads.ts';
import { type OutputOf, type S3Command, sendOnce } from './one-attempt.ts';
import type { UploadAddress } from './part-heads.ts';
import { writePartList } from './part-list.ts';
import { type SendPartOptions, sendPart, sendPipedPart } from './send-part.ts';
import { agentsOf, type SendOptions, sendCall, type WriteBody } from './transport.ts';
import {
  headObject,
  type ObjectHead,
  type ObjectHeaders,
  putObject,
  sdkHeaders,
  type WholeObject,
} from './whole-object.ts';

/** A part in S3, or one that was sent. */
export interface StoredPart {
  readonly number: number;
  readonly bytes: number;
  readonly etag: string;
  /** undefined if S3 stores none: such a part proves nothing. */
  readonly crc: number | undefined;
}

/**
 * S3 may need minutes to join an object, and sends white space meanwhile: Complete may be silent five times as long.
 */
const COMPLETE_PATIENCE = 5;

/** Cleanup has its own time limit: what stopped the transfer must not stop it. */
const TIDY_MILLISECONDS = 60_000;

/** One key of one bucket, and the engine's calls on it, each repeated if S3 answers "not now". */
export class ObjectStore {
  readonly bucket: string;
  readonly key: string;
  readonly client: S3Client;
  readonly attempts: Attempts;

  readonly #stallSeconds: number;
  #lastUpload: UploadAddress | undefined;

  /** @param stallSeconds without any progress while a part is sent. */
  constructor(client: S3Client, bucket: string, key: string, stallSeconds = 60) {
    this.#stallSeconds = stallSeconds;
    this.client = client;
    this.bucket = bucket;
    this.key = key;
    this.attempts = new Attempts(this.name);
  }

  get name(): string {
    return `s3://${this.bucket}/${this.key}`;
  }

  /**
   * Looks at the object.
   *
   * @returns undefined if it does not exist; `forbidden` if the permission to know this is missing.
   */
  async head(signal: AbortSignal): Promise<ObjectHead | 'forbidden' | undefined> {
    try {
      const head = await this.attempts.until('HeadObject', signal, () =>
        headObject(this.client, this, this.#sending(signal, false)),
      );
      return head === 'none' ? undefined : head;
    } catch (error) {
      const status = s3Status(causeOf(error));
      if (status === 404) return undefined;
      // Without s3:ListBucket, S3 answers for a missing key as for a forbidden one.
      if (status === 403) return 'forbidden';
      throw error;
    }
  }

  /**
   * Makes one attempt at a PutObject with its CRC-32. The caller decides what an error means.
   *
   * @param onStale see `SendOptions`.
   */
  putOnce(object: WholeObject, signal: AbortSignal, onStale?: () => void): Promise<{ etag: string }> {
    return putObject(this.client, this, object, { ...this.#sending(signal, false), onStale });
  }

  /**
   * Begins an upload. If `stop` aborts meanwhile, the request has a few seconds to be answered, and its upload is then
   * aborted. If a Create was done but its answer was lost, the upload is searched for and aborted.
   */
  async createUpload(headers: ObjectHeaders, stop: AbortSignal): Promise<string> {
    stop.throwIfAborted();
    const lost = new LostUploads(this);
    let uploadId: string | undefined;
    try {
      const command = ({ CreateMultipartUploadCommand }: Commands) =>
        new CreateMultipartUploadCommand({
          Bucket: this.bucket,
          Key: this.key,
          ChecksumAlgorithm: 'CRC32',
          ChecksumType: 'FULL_OBJECT',
          ...sdkHeaders(headers),
        });
      const create = async (signal: AbortSignal) => {
        try {
          const { UploadId } = await this.#once(command, signal, { onStale: () => lost.suspect() });
          if (UploadId === undefined)
            throw new UncertainAnswerError('CreateMultipartUpload', '200 without an upload id');
          return UploadId;
        } catch (error) {
          if (isUncertain(error)) lost.suspect();
          throw error;
        }
      };
      const begin = () => withGrace(stop, create);
      uploadId = await this.attempts.until('CreateMultipartUpload', stop, begin, mostAttempts);
    } finally {
      await lost.abort(uploadId);
    }
    if (stop.aborted) {
      await this.abortUpload(uploadId, AbortSignal.timeout(TIDY_MILLISECONDS));
      throw stop.reason;
    }
    return uploadId;
  }

  /**
   * Sends a part. If `stop` aborts, a request under way has a few seconds to end: if it were interrupted, S3 might
   * store the part after an abort of the upload.
   */
  async putPart(
    uploadId: string,
    number: number,
    bytes: Uint8Array,
    crc: number,
    stop: AbortSignal,
  ): Promise<StoredPart> {
    const etag = await withGrace(stop, (signal) =>
      this.#retryingPart(number, stop, (askFirst) =>
        sendPart(this.client, this.#upload(uploadId), { number, bytes, crc }, this.#sending(signal, askFirst)),
      ),
    );
    return { number, bytes: bytes.length, etag, crc };
  }

  /**
   * Sends a part that is read while it is sent. After a fault of S3, the whole part is read again.
   *
   * @param pieces writes the part's bytes in order and returns their CRC-32, and ends if `stop` aborts. Its errors are
   * thrown.
   */
  async putPipedPart(
    uploadId: string,
    number: number,
    bytes: number,
    pieces: (write: WriteBody) => Promise<number>,
    stop: AbortSignal,
  ): Promise<StoredPart & { crc: number }> {
    // `pieces` stops reading at once, and S3 stores no incomplete part; a part that was sent completely is waited for.
    const { etag, crc } = await withGrace(stop, (signal) =>
      this.#retryingPart(number, stop, (askFirst) =>
        sendPipedPart(this.client, this.#upload(uploadId), number, bytes, pieces, this.#sending(signal, askFirst)),
      ),
    );
    return { number, bytes, etag, crc };
  }

  /** Returns the same object for all parts of an upload, because the template of their requests belongs to it. */
  #upload(uploadId: string): UploadAddress {
    if (this.#lastUpload?.uploadId !== uploadId) {
      this.#lastUpload = { bucket: this.bucket, key: this.key, uploadId };
    }
    return this.#lastUpload;
  }

  #sending(signal: AbortSignal, askFirst: boolean): SendPartOptions {
    return { signal, askFirst, stallSeconds: this.#stallSeconds };
  }

  #retryingPart<T>(number: number, stop: AbortSignal, call: (askFirst: boolean) => Promise<T>): Promise<T> {
    let askFirst = false;
    return this.attempts.until(`part ${number}`, stop, async () => {
      try {
        return await call(askFirst);
      } catch (error) {
        askFirst = s3ErrorCode(error) === 'SlowDown';
        throw error;
      }
    });
  }

  /**
   * Lists the parts in S3 from `first` to `last`, page by page.
   *
   * @throws UploadVanishedError
   */
  async listParts(uploadId: string, first: number, last: number, signal: AbortSignal): Promise<StoredPart[]> {
    const parts: StoredPart[] = [];
    let marker = String(first - 1);
    for (;;) {
      const page = await this.attempts.until('ListParts', signal, () =>
        this.#once(
          ({ ListPartsCommand }) =>
            new ListPartsCommand({
              Bucket: this.bucket,
              Key: this.key,
              UploadId: uploadId,
              ...(marker === '0' ? {} : { PartNumberMarker: marker }),
            }),
          signal,
        ),
      );
      for (const part of page.Parts ?? []) {
        const number = part.PartNumber ?? 0;
        if (number < first || number > last) continue;
        const crc = part.ChecksumCRC32 === undefined ? undefined : crc32FromBase64(part.ChecksumCRC32);
        parts.push({ number, bytes: part.Size ?? 0, etag: part.ETag ?? '', crc });
      }
      const next = page.NextPartNumberMarker;
      // A server whose pages do not advance would be asked for ever.
      const advances = Number(next) > Number(marker) && Number(next) < last;
      if (page.IsTruncated !== true || next === undefined || !advances) return parts;
      marker = next;
    }
  }

  /**
   * Makes one attempt at Complete. The caller decides what an error means.
   *
   * @param onStale see `SendOptions`.
   */
  async completeOnce(
    uploadId: string,
    parts: readonly StoredPart[],
    whole: { bytes: number; crc: number },
    ifAbsent: boolean,
    signal: AbortSignal,
    onStale?: () => void,
  ): Promise<{ etag: string }> {
    const command = ({ CompleteMultipartUploadCommand }: Commands) => {
      const made = new CompleteMultipartUploadCommand({
        Bucket: this.bucket,
        Key: this.key,
        UploadId: uploadId,
        ChecksumCRC32: crc32ToBase64(whole.crc),
        ChecksumType: 'FULL_OBJECT',
        MpuObjectSize: whole.bytes,
        ...(ifAbsent ? { IfNoneMatch: '*' } : {}),
      });
      writePartList(made, parts);
      return made;
    };
    const stallSeconds = this.#stallSeconds * COMPLETE_PATIENCE;
    const { ETag: etag } = await this.#once(command, signal, { stallSeconds, onStale });
    if (etag === undefined) throw new UncertainAnswerError('CompleteMultipartUpload');
    return { etag };
  }

  /**
   * Aborts until ListParts does not know the upload any more: parts that were under way may have arrived after the
   * first abort.
   */
  async abortUpload(uploadId: string, signal: AbortSignal): Promise<void> {
    for (let round = 1; ; round++) {
      try {
        await this.attempts.until('AbortMultipartUpload', signal, () =>
          this.#once(
            ({ AbortMultipartUploadCommand }) =>
              new AbortMultipartUploadCommand({ Bucket: this.bucket, Key: this.key, UploadId: uploadId }),
            signal,
          ),
        );
        await this.listParts(uploadId, 1, 1, signal);
      } catch (error) {
        if (error instanceof UploadVanishedError) return;
        throw error;
      }
      if (round === MOST_ATTEMPTS) {
        throw new StorageError(
          `${this.name}: upload ${uploadId} still exists after ${round} aborts; abort it yourself`,
        );
      }
      await this.attempts.pause(round, signal);
    }
  }

  /** Returns S3's uploads of exactly this key, from one page of its list, in which they are the first. */
  async listUploads(
    signal: AbortSignal,
  ): Promise<{ readonly uploadId: string; readonly initiated: Date | undefined }[]> {
    const page = await this.attempts.until('ListMultipartUploads', signal, () =>
      this.#once(
        ({ ListMultipartUploadsCommand }) => new ListMultipartUploadsCommand({ Bucket: this.bucket, Prefix: this.key }),
        signal,
      ),
    );
    return (page.Uploads ?? []).flatMap(({ Key, UploadId, Initiated }) =>
      Key === this.key && UploadId !== undefined ? [{ uploadId: UploadId, initiated: Initiated }] : [],
    );
  }

  async #once<C extends S3Command>(
    command: (commands: Commands) => C,
    signal: AbortSignal,
    more: Partial<Pick<SendOptions, 'stallSeconds' | 'onStale'>> = {},
  ): Promise<OutputOf<C>> {
    const agents = await agentsOf(this.client);
    const options = { signal, stallSeconds: this.#stallSeconds, askFirst: false, agents, ...more };
    const made = command(await commandsOf(this.client));
    return sendOnce(this.client, made, (signed) => sendCall(signed, options));
  }
}

function causeOf(error: unknown): unknown {
  return error instanceof StorageError ? error.cause : error;
}
