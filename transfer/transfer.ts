import { abortAfter } from './abandon.ts';
import { checkOptions } from './check-options.ts';
import { closeTransfer } from './close.ts';
import { contextOf } from './context.ts';
import {
  BeginAgainError,
  NotInTimeError,
  PartsMissingError,
  type Pins,
  SourceAsksToWaitError,
  SourceChangedError,
  SourceKeepsChangingError,
  type TransferError,
  UploadVanishedError,
} from './errors.ts';
import { contextOfJob, type TransferJob } from './job.ts';
import type { Landed } from './landed.ts';
import { beginTransfer } from './open.ts';
import { findName } from './opening/find-name.ts';
import type { FirstPart } from './opening/first-part.ts';
import type { Destination, TransferOptions } from './options.ts';
import type { Source } from './source/session.ts';
import type { PartProof } from './state.ts';
import { uploadAnew, uploadSlice } from './upload-slice.ts';

/** How often a transfer is begun in all, where each beginning ends in a BeginAgainError. */
const BEGINNINGS = 5;
/** How often Close may find parts missing: a part can vanish between the list and Complete, but not for ever. */
const CLOSES = 3;

/**
 * Lands one source in one call and one process: opens, uploads, closes; begins again where the source changed or the
 * upload vanished; leaves nothing behind where it fails.
 *
 * ```ts
 * const landed = await transfer(
 *   { url: 'https://example.com/data.csv.gz' },
 *   { client: new S3Client({}), bucket: 'my-bucket', key: 'data.csv.gz' },
 *   { onProgress: ({ bytes, total }) => console.log(`${bytes} of ${total ?? '?'} bytes`) },
 * );
 * console.log(landed.crc32, landed.proofs.held);
 * ```
 *
 * @throws InvalidOptionsError, and what `openTransfer`, `uploadSlice`, `closeTransfer` and a stream's `run` throw.
 */
export async function transfer(
  source: Source,
  destination: Destination | UnnamedDestination,
  options: TransferOptions = {},
): Promise<Landed> {
  checkOptions(source, destination, options, { begins: true });
  return beginAgainAndAgain(source, await named(source, destination, options), options);
}

/** The key is the prefix and the source's own file name, from Content-Disposition or its URL; one small request more. */
export type UnnamedDestination = Omit<Destination, 'key'> & {
  /** Such as `incoming/`, with its slash; may be empty. */
  readonly prefix: string;
};

async function named(
  source: Source,
  destination: Destination | UnnamedDestination,
  options: TransferOptions,
): Promise<Destination> {
  if (!('prefix' in destination) || destination.prefix === undefined) return destination as Destination;
  const { prefix, ...rest } = destination;
  const context = contextOf(source, { ...rest, key: 'unnamed' }, options);
  return { ...rest, key: `${prefix}${await findName(context)}` };
}

async function beginAgainAndAgain(source: Source, destination: Destination, options: TransferOptions): Promise<Landed> {
  const earlier: Pins[] = [...(options.earlier ?? [])];
  let retries = 0;
  for (let beginning = 1; ; beginning++) {
    try {
      // An upload that turned out to be gone, or of another version, is not resumed again.
      const { resume, ...anew } = options;
      const landed = await once(source, destination, { ...(beginning === 1 ? options : anew), earlier });
      return retries === 0 ? landed : { ...landed, retries: landed.retries + retries };
    } catch (error) {
      if (!(error instanceof BeginAgainError) || options.signal?.aborted) throw error;
      if (beginning >= BEGINNINGS) throw keepsChanging(error);
      if (error instanceof SourceChangedError) earlier.push(error.pins);
      retries += 1;
    }
  }
}

function keepsChanging(error: BeginAgainError): TransferError {
  if (!(error instanceof SourceChangedError)) return error;
  return new SourceKeepsChangingError(`${error.message}; it was begun ${BEGINNINGS} times: try later`, {
    cause: error,
  });
}

async function once(source: Source, destination: Destination, options: TransferOptions): Promise<Landed> {
  const context = contextOf(source, destination, options);
  const begun = await beginTransfer(context);
  if (begun.kind === 'done') return begun.landed;
  if (begun.kind === 'stream') return begun.run();
  const { state, first } = begun;
  return abortAfter(context.store, state.uploadId, () => uploadAll({ state, source, destination, options }, first));
}

async function uploadAll(job: TransferJob, first: FirstPart): Promise<Landed> {
  const { session, store } = contextOfJob(job);
  const { deadline, onProgress } = job.options ?? {};
  const how = { ...(deadline && { deadline }), ...(onProgress && { onProgress }) };
  const proofs: PartProof[] = [];
  let retries = 0;
  for (let close = 1; ; close++) {
    const outcome = await (close === 1
      ? uploadAnew(job, first, how)
      : uploadSlice(job, { first: 1, last: job.state.count }, how));
    proofs.push(...outcome.proofs);
    retries += outcome.retries;
    if (outcome.waitUntil !== undefined) throw new SourceAsksToWaitError(session.name, outcome.waitUntil);
    if (outcome.vanished) throw new UploadVanishedError(`${store.name}: the upload is gone`);
    if (!outcome.done) {
      throw new NotInTimeError(`${session.name}: ${outcome.left} of ${job.state.count} parts are left`, outcome.bytes);
    }
    try {
      return await closeTransfer(job, { proofs, retries });
    } catch (error) {
      if (!(error instanceof PartsMissingError) || close >= CLOSES) throw error;
    }
  }
}
