import type { S3Client } from '@aws-sdk/client-s3';
import { PermanentTransferError } from '#net/errors.ts';
import { redactUrl } from '#net/redact.ts';
import {
  BeginAgainError,
  type IfExists,
  type Landed,
  MOST_BEGINNINGS,
  openTransfer,
  type PartProof,
  PartsMissingError,
  type Pins,
  type Progress,
  type RangedTransfer,
  resumeTransfer,
  type Source,
  SourceAsksToWaitError,
  SourceChangedError,
  type TransferOptions,
  type TransferState,
} from '#transfer/index.ts';
import { ObjectStore } from '#transfer/s3/object-store.ts';
import { CopyLock } from './copy-lock.ts';
import type { CopyJob } from './s3-destination.ts';
import { SavedCopy } from './saved-copy.ts';

/** How often Complete may report a part missing that was sent. */
const CLOSES = 3;

export interface CopyOptions {
  readonly client: S3Client;
  /** The folder for the records of copies that have not ended. */
  readonly folder: string;
  /** The endpoint of the S3 server, as its user names it: two servers may have a bucket with the same name. */
  readonly endpoint: string;
  readonly ifExists: IfExists;
  readonly transfer: Pick<TransferOptions, 'connections' | 'guard' | 'maxBytes'>;
  readonly signal: AbortSignal;
  /** @param isContinued whether `bytes` contains what an earlier call has sent. */
  readonly onProgress: (progress: Progress, isContinued: boolean) => void;
}

/** The result of one copy. */
export interface Copied {
  readonly landed: Landed;
  /** Bytes of parts that an earlier call had sent, and that were not sent again. */
  readonly resumedBytes: number;
  /** How many of these were read again from the source, because an expected hash needs every byte. */
  readonly readAgainBytes: number;
}

/**
 * Copies one URL to one object, and continues where an earlier call was interrupted: by Ctrl-C, a kill, or a reboot.
 *
 * After an interruption, the upload and the saved file are kept. The same applies if the source or S3 fails too often.
 * An error against which no further attempt helps aborts the upload and removes the file.
 *
 * @throws CommandError if another process is making the same copy; what the engine throws, and the signal's reason.
 */
export async function copyOne(job: CopyJob, source: Source, options: CopyOptions): Promise<Copied> {
  const saved = new SavedCopy(options.folder, job, options.endpoint);
  using _lock = CopyLock.take(saved.lockFile, `s3://${job.bucket}/${job.key}`);
  const copy = new Copy(job, source, options, saved);
  try {
    const copied = await copy.run();
    await saved.remove();
    return copied;
  } catch (error) {
    if (error instanceof PermanentTransferError || error instanceof BeginAgainError) await copy.giveUp();
    throw error;
  }
}

class Copy {
  readonly #job: CopyJob;
  readonly #source: Source;
  readonly #options: CopyOptions;
  readonly #saved: SavedCopy;
  /** The upload under way, which another call can continue. */
  #transfer: RangedTransfer | undefined;
  readonly #notes: string[] = [];
  /** Whether this upload was begun by an earlier call. */
  #isContinued = false;

  constructor(job: CopyJob, source: Source, options: CopyOptions, saved: SavedCopy) {
    this.#job = job;
    this.#source = source;
    this.#options = options;
    this.#saved = saved;
  }

  async run(): Promise<Copied> {
    const copied = await this.#run();
    return { ...copied, landed: { ...copied.landed, notes: [...this.#notes, ...copied.landed.notes] } };
  }

  async #run(): Promise<Copied> {
    const earlier: Pins[] = [];
    for (let beginning = 1; ; beginning++) {
      try {
        const opened = await (beginning === 1 ? this.#takeUp() : this.#open({ earlier }));
        if ('landed' in opened) return opened;
        this.#transfer = opened;
        return await this.#finish(opened);
      } catch (error) {
        if (!(error instanceof BeginAgainError) || beginning === MOST_BEGINNINGS) throw error;
        if (error instanceof SourceChangedError) earlier.push(error.pins);
        await this.giveUp();
      }
    }
  }

  /** Aborts the open upload and removes its record. */
  async giveUp(): Promise<void> {
    if (this.#transfer !== undefined) await this.#transfer.abandon();
    this.#transfer = undefined;
    this.#isContinued = false;
    await this.#saved.remove();
  }

  /** Continues what an earlier call has left, or begins. */
  async #takeUp(): Promise<RangedTransfer | Copied> {
    const earlier = await this.#saved.read();
    if (earlier === 'damaged') {
      this.#notes.push(
        `the record of an earlier call was damaged (${this.#saved.file}): if that call has begun an upload, it stays until a lifecycle rule of the bucket removes it`,
      );
    }
    if (earlier === undefined || earlier === 'damaged') return this.#open({});
    const { state } = earlier;
    if (state === undefined) {
      // A single stream can't be continued, and neither can the state of another version. A kill has left its upload.
      await this.#abortUpload(earlier.uploadId);
      return this.#open({});
    }
    // A hash of the whole object needs every byte in order: the engine reads all bytes again, and sends only what S3
    // lacks.
    const { sha256, md5 } = this.#source.expect ?? {};
    return sha256 === undefined && md5 === undefined ? this.#transferOf(state) : this.#open({ resume: state });
  }

  async #open(more: Pick<TransferOptions, 'earlier' | 'resume'>): Promise<RangedTransfer | Copied> {
    const { signal, onProgress, transfer } = this.#options;
    const opened = await openTransfer(this.#source, this.#destination(), {
      ...transfer,
      ...more,
      signal,
      onProgress: (progress) => onProgress(progress, false),
      onUploadCreated: (uploadId, state) => this.#saved.write(uploadId, state),
    });
    if (opened.kind === 'ranged') return opened.transfer;
    if (opened.kind === 'done') return { landed: opened.landed, resumedBytes: 0, readAgainBytes: 0 };
    const landed = await opened.run();
    return { landed, resumedBytes: opened.keptBytes, readAgainBytes: opened.keptBytes };
  }

  #transferOf(state: TransferState): RangedTransfer {
    this.#isContinued = true;
    return resumeTransfer(state, this.#source, this.#destination(), this.#options.transfer);
  }

  #destination() {
    const { client, ifExists } = this.#options;
    const { bucket, key } = this.#job;
    return { client, bucket, key, ifExists };
  }

  /** Sends the parts that S3 lacks, then completes the upload. */
  async #finish(transfer: RangedTransfer): Promise<Copied> {
    const { signal, onProgress } = this.#options;
    const { count, total, proofs: first } = transfer.state;
    const proofs: PartProof[] = [];
    for (let close = 1; ; close++) {
      const outcome = await transfer.uploadSlice(
        { first: 1, last: count },
        { signal, onProgress: (progress) => onProgress(progress, this.#isContinued) },
      );
      proofs.push(...outcome.proofs);
      if (outcome.waitUntil !== undefined)
        throw new SourceAsksToWaitError(redactUrl(this.#source.url), outcome.waitUntil);
      try {
        const landed = await transfer.close({ proofs, signal });
        const known = new Map([...first, ...proofs].map(({ number, bytes }) => [number, bytes]));
        const sentNow = [...known.values()].reduce((sum, bytes) => sum + bytes, 0);
        return { landed, resumedBytes: total - sentNow, readAgainBytes: 0 };
      } catch (error) {
        if (!(error instanceof PartsMissingError) || close === CLOSES) throw error;
      }
    }
  }

  #abortUpload(uploadId: string): Promise<void> {
    const { client, signal } = this.#options;
    const { bucket, key } = this.#job;
    return new ObjectStore(client, bucket, key).abortUpload(uploadId, signal);
  }
}
