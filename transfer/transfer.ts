import { abortAfter } from './abandon.ts';
import { checkOptions } from './check-options.ts';
import { type Context, contextOf, retriesOf, sessionOf } from './context.ts';
import {
  BeginAgainError,
  MOST_BEGINNINGS,
  NotInTimeError,
  PartsMissingError,
  type Pins,
  SourceAsksToWaitError,
  SourceChangedError,
  SourceKeepsChangingError,
  type TransferError,
  UploadVanishedError,
} from './errors.ts';
import type { Landed } from './landed.ts';
import { beginTransfer } from './open.ts';
import { findName } from './opening/find-name.ts';
import type { FirstPart } from './opening/first-part.ts';
import type { Destination, TransferOptions } from './options.ts';
import { RangedTransfer } from './ranged-transfer.ts';
import type { Source, SourceSession } from './source/session.ts';
import type { PartProof, TransferState } from './state.ts';

/** How often Close may find parts missing: a part can vanish between the list and Complete, but not for ever. */
const CLOSES = 3;

/**
 * Lands one source in one call and one process: it opens the transfer, uploads the parts, and closes the transfer. It
 * begins again if the source has changed or the upload has vanished. If it fails, it removes its upload.
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
 * @throws InvalidOptionsError, and what `openTransfer`, `uploadSlice`, `close` and a stream's `run` throw.
 */
export async function transfer(
  source: Source,
  destination: Destination | UnnamedDestination,
  options: TransferOptions = {},
): Promise<Landed> {
  checkOptions(source, destination, options, { begins: true });
  const session = sessionOf(source, options);
  return beginAgainAndAgain(source, await named(source, destination, options, session), options, session);
}

/**
 * The key is the prefix and the source's own file name, from Content-Disposition or its URL. This needs one more small
 * request.
 */
export type UnnamedDestination = Omit<Destination, 'key'> & {
  /** For example `incoming/`, with its slash; may be empty. */
  readonly prefix: string;
};

async function named(
  source: Source,
  destination: Destination | UnnamedDestination,
  options: TransferOptions,
  session: SourceSession,
): Promise<Destination> {
  if (!('prefix' in destination) || destination.prefix === undefined) return destination as Destination;
  const { prefix, ...rest } = destination;
  const signal = options.signal ?? new AbortController().signal;
  return { ...rest, key: `${prefix}${await findName({ source, session, signal })}` };
}

/** @param session that knows the target of the redirects already. A new beginning finds its own. */
async function beginAgainAndAgain(
  source: Source,
  destination: Destination,
  options: TransferOptions,
  session: SourceSession,
): Promise<Landed> {
  const earlier: Pins[] = [...(options.earlier ?? [])];
  let retries = 0;
  for (let beginning = 1; ; beginning++) {
    // An upload that does not exist any more, or that belongs to another version, is not resumed again.
    const { resume, ...anew } = options;
    const given = { ...(beginning === 1 ? options : anew), earlier };
    const context = contextOf(source, destination, given, beginning === 1 ? session : undefined);
    try {
      const landed = await once(context);
      return retries === 0 ? landed : { ...landed, retries: landed.retries + retries };
    } catch (error) {
      if (!(error instanceof BeginAgainError) || options.signal?.aborted) throw error;
      if (beginning >= MOST_BEGINNINGS) throw keepsChanging(error);
      if (error instanceof SourceChangedError) earlier.push(error.pins);
      retries += 1 + retriesOf(context);
    }
  }
}

function keepsChanging(error: BeginAgainError): TransferError {
  if (!(error instanceof SourceChangedError)) return error;
  return new SourceKeepsChangingError(`${error.message}; the transfer began ${MOST_BEGINNINGS} times: try later`, {
    cause: error,
  });
}

async function once(context: Context): Promise<Landed> {
  const begun = await beginTransfer(context);
  if (begun.kind === 'done') return begun.landed;
  if (begun.kind === 'stream') return begun.run();
  const { state, first } = begun;
  return abortAfter(context.store, state.uploadId, () => uploadAll(context, state, first));
}

async function uploadAll(context: Context, state: TransferState, probed: FirstPart): Promise<Landed> {
  const { session, store, options } = context;
  const transfer = new RangedTransfer(context, state, 0);
  const all = { first: 1, last: state.count };
  const how = {
    ...(options.deadline && { deadline: options.deadline }),
    ...(options.onProgress && { onProgress: options.onProgress }),
  };
  const proofs: PartProof[] = [];
  for (let close = 1; ; close++) {
    const outcome = await transfer.uploadSlice(all, how, close === 1 ? probed : undefined);
    proofs.push(...outcome.proofs);
    if (outcome.waitUntil !== undefined) throw new SourceAsksToWaitError(session.name, outcome.waitUntil);
    if (outcome.vanished) throw new UploadVanishedError(`${store.name}: the upload does not exist any more`);
    if (!outcome.done) {
      throw new NotInTimeError(`${session.name}: ${outcome.left} of ${state.count} parts are left`, outcome.bytes);
    }
    try {
      return await transfer.close({ proofs });
    } catch (error) {
      if (!(error instanceof PartsMissingError) || close >= CLOSES) throw error;
    }
  }
}
