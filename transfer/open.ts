import { abortAfter } from './abandon.ts';
import { checkOptions } from './check-options.ts';
import { type Context, contextOf, retriesOf } from './context.ts';
import { ProofFailedError, StorageError, TooLargeError, UnprovenEndError } from './errors.ts';
import type { Landed } from './landed.ts';
import { OrderedTransfer } from './live/ordered.ts';
import { StreamTransfer } from './live/stream.ts';
import { putWhole } from './object/complete.ts';
import { ifAbsent, otherWasFaster } from './object/other-object.ts';
import { type Before, conditionsOf, isAbout, isSame, isStill, look, lookBefore } from './opening/before.ts';
import { type Beginning, begin, type LiveTransfer, stateOf } from './opening/beginning.ts';
import { FirstPart } from './opening/first-part.ts';
import type { Destination, TransferOptions } from './options.ts';
import { giveBuffer } from './parts/buffers.ts';
import { partRange, planParts } from './parts/plan.ts';
import { isOfType } from './proof/content-type.ts';
import { crc32ToHex } from './proof/crc32.ts';
import { algorithmsOf, checkProofs, Hashes, needsOrder } from './proof/proofs.ts';
import { RangedTransfer } from './ranged-transfer.ts';
import { isWhole, type SourceHead } from './source/answer.ts';
import { type Probe, probeSource } from './source/probe.ts';
import type { Source } from './source/session.ts';
import { statedHashes } from './source/stated-hashes.ts';
import { looksLikeSeveralBackends } from './source/validators.ts';
import type { TransferState } from './state.ts';

/** After this many versions in one transfer, the next one is read as one answer, which has only one version. */
const MOST_VERSIONS_BY_RANGES = 2;

/**
 * The result of opening.
 * - `done`: the transfer has ended: the body was small, the source is unchanged, or the object was skipped.
 * - `ranged`: an upload is open, and its first part is sent. This process continues with `transfer`, any other with
 *   `resumeTransfer` and the JSON `state`: `uploadSlice`, then `close`. To stop, call `abandon`.
 * - `stream`: the answer is flowing in this process and can't be read in pieces: call `run()` or `abandon()` soon.
 */
export type Opened =
  | {
      /** The transfer has ended. */
      readonly kind: 'done';
      /** The result. */
      readonly landed: Landed;
    }
  | {
      /** An upload is open. */
      readonly kind: 'ranged';
      /** For other processes, as JSON. */
      readonly state: TransferState;
      /** For this process. */
      readonly transfer: RangedTransfer;
    }
  | LiveTransfer;

type Done = Extract<Opened, { kind: 'done' }>;

/**
 * The same, before the first part of a ranged transfer is read and sent, so that the caller can send other parts
 * meanwhile.
 */
export type Begun =
  | Exclude<Opened, { kind: 'ranged' }>
  | { readonly kind: 'ranged'; readonly state: TransferState; readonly first: FirstPart };

/**
 * Begins a transfer with one GET, whose body is already the first part. It lands a small source completely.
 *
 * @throws InvalidOptionsError, SourceRefusedError, SourceUnavailableError, SourceAsksToWaitError (with `waitUntil`),
 * SourceConnectionError, RedirectError, TransferCodingError, UnprovenEndError, ProofFailedError, TooLargeError,
 * TooLargeForOneStreamError, ObjectExistsError, InvalidDestinationError, StorageError, or the signal's reason. After an
 * error, no upload is left open.
 */
export async function openTransfer(
  source: Source,
  destination: Destination,
  options: TransferOptions = {},
): Promise<Opened> {
  checkOptions(source, destination, options, { begins: true });
  const context = contextOf(source, destination, options);
  const begun = await beginTransfer(context);
  if (begun.kind !== 'ranged') return begun;
  const { state, first } = begun;
  return abortAfter(context.store, state.uploadId, async () => {
    const crc = await first.send(context.signal);
    const { number, length: bytes } = first.range;
    await options.onProgress?.({ bytes, total: state.total });
    const proofs = [{ number, bytes, crc32: crc32ToHex(crc) }];
    const sent = { ...state, proofs, retries: retriesOf(context) };
    return { kind: 'ranged', state: sent, transfer: new RangedTransfer(context, sent, 0) };
  });
}

/**
 * Like `openTransfer`, but the first part of a ranged transfer is not sent yet. Send it, or destroy it and abort the
 * upload.
 */
export async function beginTransfer(context: Context): Promise<Begun> {
  const startedAt = new Date();
  const before = await lookBefore(context);
  if (before.skip) {
    await abortResumed(context);
    return done(context, startedAt, { status: 'skipped', bytes: before.object?.bytes ?? 0 });
  }

  const notes = [...before.notes];
  const probe = await probeOneVersion(context, before, notes);
  const unchanged = probe.kind === 'unchanged' || isSameAs(before, context, probe);
  if (unchanged) {
    if (probe.kind !== 'unchanged') close(probe);
    await abortResumed(context);
    return done(context, startedAt, { status: 'unchanged', bytes: before.object?.bytes ?? 0, head: probe.head, notes });
  }
  try {
    checkHead(context, probe);
    if (before.assumed && probe.kind !== 'whole') {
      // The cost of a look is small compared with a large transfer, and it may save the whole transfer.
      const unchanged = await lookLate(context, startedAt, probe, notes);
      if (unchanged !== undefined) {
        close(probe);
        return unchanged;
      }
    }
    const beginning = begin(context, startedAt, probe.head, notes);
    if (probe.kind === 'ranges' && needsOrder(context.expect)) return new OrderedTransfer(beginning, probe);
    await abortResumed(context);
    if (probe.kind === 'whole') return await landWhole(beginning, probe, before.assumed === true);
    if (probe.kind === 'stream') return new StreamTransfer(beginning, probe);
    return await beginRanged(beginning, probe);
  } catch (error) {
    close(probe);
    throw error;
  }
}

/**
 * Looks at the object after the source has answered.
 *
 * @returns the result of the transfer if the source still has the landed version.
 */
async function lookLate(
  context: Context,
  startedAt: Date,
  probe: Exclude<Probe, { kind: 'unchanged' }>,
  notes: string[],
): Promise<Done | undefined> {
  const { object, known, notes: more } = await look(context);
  notes.push(...more);
  const { head } = probe;
  if (known === undefined || !isStill(known, context.source.url, head, totalOf(probe))) return undefined;
  await abortResumed(context);
  return done(context, startedAt, { status: 'unchanged', bytes: object?.bytes ?? 0, head, notes });
}

/** The source or the object has changed, so the upload that was to be resumed is aborted. */
async function abortResumed({ store, options, signal }: Context): Promise<void> {
  if (options.resume !== undefined) await store.abortUpload(options.resume.uploadId, signal);
}

function isSameAs({ known }: Before, { source }: Context, probe: Exclude<Probe, { kind: 'unchanged' }>): boolean {
  return known !== undefined && isSame(known, source.url, probe.head, totalOf(probe));
}

/** Closes an answer whose rest is not needed. */
function close(probe: Exclude<Probe, { kind: 'unchanged' }>): void {
  if (probe.kind === 'stream') probe.body.destroy();
  if (probe.kind === 'ranges') probe.first.destroy();
}

/** Probes the source. If an earlier beginning shows that several backends answer, it probes again for one stream. */
async function probeOneVersion(context: Context, before: Before, notes: string[]): Promise<Probe> {
  const { session, source, options, signal, bufferBytes, partBytes } = context;
  let conditions = conditionsOf(before.known);
  const earlier = options.earlier ?? [];
  const askOnce = (oneStream: boolean) =>
    probeSource(session, {
      // No more than the first part, or its beginning.
      bytes: Math.min(bufferBytes, partBytes),
      conditions,
      oneStream,
      signal,
      deadline: options.deadline,
    });
  const ask = async (oneStream: boolean) => {
    const probe = await askOnce(oneStream);
    if (probe.kind !== 'unchanged' || before.known === undefined || isAbout(before.known, source.url, probe.head))
      return probe;
    // The source has another file with the same ETag, so its 304 says nothing about this object.
    conditions = {};
    return askOnce(oneStream);
  };
  if (earlier.some(({ oneStream }) => oneStream)) {
    notes.push('the source answers ranges only sometimes, so it was read in one stream');
    return ask(true);
  }
  if (earlier.length >= MOST_VERSIONS_BY_RANGES) {
    notes.push(`the source changed ${earlier.length} times while it was read by ranges, so it was read in one stream`);
    return ask(true);
  }
  const probe = await ask(false);
  if (probe.kind !== 'ranges') return probe;
  if (!earlier.some((pins) => looksLikeSeveralBackends(pins, probe.pins))) return probe;
  close(probe);
  notes.push('the source answers one file under several ETags (several backends), so it was read in one stream');
  return ask(true);
}

/** Refuses an answer if its head already shows that it is wrong. */
function checkHead(context: Context, probe: Exclude<Probe, { kind: 'unchanged' }>): void {
  const { session, source, expect } = context;
  const { head } = probe;
  const total = totalOf(probe);
  if (expect.bytes !== undefined && total !== undefined && total !== expect.bytes) {
    throw new ProofFailedError(session.name, 'expect.bytes', expect.bytes, total);
  }
  const maxBytes = context.options.maxBytes ?? Number.POSITIVE_INFINITY;
  if (total !== undefined && total > maxBytes) {
    throw new TooLargeError(`${session.name} has ${total} bytes, more than the allowed ${maxBytes}`);
  }
  const { contentType, ...ofBytes } = expect;
  if (contentType !== undefined && !isOfType(head.contentType, contentType)) {
    throw new ProofFailedError(session.name, 'expect.contentType', contentType, head.contentType ?? 'none');
  }
  const proven = head.framed || !isWhole(head) || Object.values(ofBytes).some((value) => value !== undefined);
  if (!proven && source.allowUnprovenEnd !== true) {
    throw new UnprovenEndError(
      `${session.name} sends neither a length nor chunks, so an interrupted body looks complete: state expect.bytes or a hash, or allowUnprovenEnd`,
    );
  }
}

function totalOf(probe: Exclude<Probe, { kind: 'unchanged' }>): number | undefined {
  if (probe.kind === 'whole') return probe.bytes.length;
  return probe.kind === 'ranges' ? probe.pins.total : probe.head.contentLength;
}

/** @param assumed whether the object is assumed not to exist, without a look. */
async function landWhole(
  beginning: Beginning,
  probe: Extract<Probe, { kind: 'whole' }>,
  assumed: boolean,
): Promise<Done> {
  const { context, head, startedAt, notes } = beginning;
  const { store, session, expect, signal, options } = context;
  const stated = statedHashes(head);
  const hashes = new Hashes(algorithmsOf(expect, stated));
  hashes.update(probe.bytes);
  const bytes = probe.bytes.length;
  const proofs = checkProofs(session.name, expect, stated, { bytes, crc: probe.crc, hashes });
  if (head.framed || !isWhole(head)) proofs.held.unshift('size');
  const body = { bytes: probe.bytes, crc: probe.crc, token: beginning.token, ...beginning.headers };
  const put = (ifAbsent: boolean) => putWhole(store, { ...body, ifAbsent }, signal);
  let outcome = await put(assumed || ifAbsent(context));
  if (assumed && outcome !== 'done') {
    const unchanged = await lookLate(context, startedAt, probe, notes);
    if (unchanged !== undefined) return unchanged;
    outcome = await put(false);
  }
  if (outcome === 'unconditional') {
    throw new StorageError(
      `${store.name}: the S3 server does not support a conditional PUT (501), but ifExists "${context.ifExists}" needs one: choose "update" or "overwrite"`,
    );
  }
  if (bytes > 0) giveBuffer(probe.bytes);
  if (outcome !== 'done') return done(context, startedAt, otherWasFaster(context, outcome));
  proofs.held.push('crc32');
  await options.onProgress?.({ bytes, total: bytes });
  return done(context, startedAt, { status: 'landed', bytes, head, crc: probe.crc, proofs, notes });
}

async function beginRanged(beginning: Beginning, probe: Extract<Probe, { kind: 'ranges' }>): Promise<Begun> {
  const { context, headers } = beginning;
  const { store, options, signal } = context;
  const plan = planParts(probe.pins.total, context.partBytes);
  const uploadId = await store.createUpload(headers, signal);
  const state = stateOf(beginning, probe.pins, uploadId, plan);
  return abortAfter(store, uploadId, async () => {
    await options.onUploadCreated?.(uploadId, state);
    return { kind: 'ranged', state, first: new FirstPart(context, probe, { uploadId, range: partRange(plan, 1) }) };
  });
}

/** What differs between the ways in which a transfer ends. */
export interface Outcome {
  readonly status: Landed['status'];
  readonly bytes: number;
  readonly head?: SourceHead;
  readonly crc?: number;
  readonly proofs?: Landed['proofs'];
  readonly notes?: string[];
}

function done(context: Context, startedAt: Date, outcome: Outcome): Done {
  const { head } = outcome;
  return {
    kind: 'done',
    landed: {
      status: outcome.status,
      key: context.store.key,
      bytes: outcome.bytes,
      seconds: (Date.now() - startedAt.getTime()) / 1_000,
      parts: 0,
      retries: retriesOf(context),
      crc32: outcome.crc === undefined ? undefined : crc32ToHex(outcome.crc),
      proofs: outcome.proofs ?? { held: [], notChecked: [] },
      sourceEtag: head?.etag,
      sourceLastModified: head?.lastModified,
      contentType: context.destination.contentType ?? head?.contentType,
      notes: outcome.notes ?? [],
    },
  };
}
