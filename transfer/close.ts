import type { Context } from './context.ts';
import { PartsMissingError, ProofFailedError, UploadVanishedError } from './errors.ts';
import type { Landed } from './landed.ts';
import { completeUpload, type Exists } from './object/complete.ts';
import { META } from './object/metadata.ts';
import { ifAbsent, otherWasFaster } from './object/other-object.ts';
import { partRange } from './parts/plan.ts';
import { combineCrc32, crc32ToHex, EMPTY_CRC32 } from './proof/crc32.ts';
import { checkProofs, type Proofs } from './proof/proofs.ts';
import type { StoredPart } from './s3/object-store.ts';
import type { StatedHash } from './source/stated-hashes.ts';
import { type PartProof, planOf, type TransferState } from './state.ts';

/** What `RangedTransfer.close` takes. */
export interface CloseOptions {
  /** What all calls of `uploadSlice` returned, in any order. A part without a proof is proven only in transport. */
  readonly proofs?: readonly PartProof[];
  /**
   * Retries of calls of `uploadSlice` in other processes, for the record. The retries of this process are always
   * counted.
   */
  readonly retries?: number;
  /** Its abort ends the call with the signal's reason. The upload stays open. */
  readonly signal?: AbortSignal;
}

/** Implements `RangedTransfer.close`, which counts the retries. */
export async function closeTransfer(
  context: Context,
  state: TransferState,
  options: Omit<CloseOptions, 'retries'>,
): Promise<Omit<Landed, 'retries'>> {
  const { store } = context;
  const signal = options.signal === undefined ? context.signal : AbortSignal.any([context.signal, options.signal]);
  const proofs = [...state.proofs, ...(options.proofs ?? [])];

  const closed = await closeParts(context, state, proofs, signal);
  const base = {
    key: store.key,
    seconds: (Date.now() - Date.parse(state.startedAt)) / 1_000,
    sourceEtag: state.sourceEtag,
    sourceLastModified: state.pins.lastModified,
    contentType: state.contentType,
  };
  if ('exists' in closed) {
    const other = otherWasFaster(context, closed);
    await store.abortUpload(state.uploadId, signal);
    return { ...base, ...other, parts: 0, crc32: undefined, proofs: { held: [], notChecked: [] }, notes: state.notes };
  }
  const { held, notChecked } = proofsOf(context, state, closed.crc);
  const notes = [...state.notes];
  if (closed.transportOnly > 0) {
    notes.push(
      `${closed.transportOnly} of ${state.count} parts were sent by a process that died before it reported: S3 has checked their CRC, so only their transport is proven`,
    );
  }
  return {
    ...base,
    status: 'landed',
    bytes: state.total,
    parts: state.count,
    crc32: crc32ToHex(closed.crc),
    proofs: { held: ['size', ...held, 'crc32'], notChecked },
    notes,
  };
}

interface Closed {
  readonly crc: number;
  /** The number of parts without a proof. */
  readonly transportOnly: number;
}

async function closeParts(
  context: Context,
  state: TransferState,
  proofs: readonly PartProof[],
  signal: AbortSignal,
): Promise<Closed | Exists> {
  const { store } = context;
  let parts: StoredPart[];
  try {
    parts = await store.listParts(state.uploadId, 1, state.count, signal);
  } catch (error) {
    // The answer of an earlier Complete was lost, or the process died after it.
    const closed =
      error instanceof UploadVanishedError ? await closedEarlier(context, state, proofs, signal) : undefined;
    if (closed === undefined) throw error;
    return closed;
  }
  const transportOnly = compare(context, state, parts, proofs);
  parts.sort((one, other) => one.number - other.number);
  const crc = parts.reduce((whole, part) => combineCrc32(whole, part.crc as number, part.bytes), EMPTY_CRC32);
  // The proofs are checked before S3 makes the object.
  proofsOf(context, state, crc);
  const { uploadId, token, total: bytes } = state;
  const completion = { uploadId, token, parts, bytes, crc, ifAbsent: ifAbsent(context) };
  const outcome = await completeUpload(store, completion, signal);
  return outcome === 'done' ? { crc, transportOnly } : outcome;
}

/** Returns the object if this transfer has already created it: token, size and CRC are its own. */
async function closedEarlier(
  { store }: Context,
  state: TransferState,
  proofs: readonly PartProof[],
  signal: AbortSignal,
): Promise<Closed | undefined> {
  const head = await store.head(signal);
  if (head === undefined || head === 'forbidden' || head.crc === undefined) return undefined;
  if (head.metadata[META.upload] !== state.token || head.bytes !== state.total) return undefined;
  const byNumber = new Map(proofs.map((proof) => [proof.number, proof]));
  if (byNumber.size < state.count) return { crc: head.crc, transportOnly: state.count - byNumber.size };
  const crc = [...byNumber.values()]
    .sort((one, other) => one.number - other.number)
    .reduce((whole, { crc32, bytes }) => combineCrc32(whole, Number.parseInt(crc32, 16), bytes), EMPTY_CRC32);
  return crc === head.crc ? { crc, transportOnly: 0 } : undefined;
}

function proofsOf({ session, expect }: Context, { stated, total: bytes }: TransferState, crc: number): Proofs {
  return checkProofs(session.name, expect, stated as StatedHash[], { bytes, crc, hashes: undefined });
}

/** @returns how many parts have no proof. */
function compare(
  { store, session }: Context,
  state: TransferState,
  parts: readonly StoredPart[],
  proofs: readonly PartProof[],
): number {
  const plan = planOf(state);
  const standing = new Map(parts.map((part) => [part.number, part]));
  const missing: number[] = [];
  for (let number = 1; number <= plan.count; number++) {
    const part = standing.get(number);
    if (part?.crc === undefined || part.bytes !== partRange(plan, number).length) missing.push(number);
  }
  if (missing.length > 0) throw new PartsMissingError(store.name, missing, missing.length);
  const vouched = new Set<number>();
  for (const { number, crc32 } of proofs) {
    const found = crc32ToHex(standing.get(number)?.crc ?? EMPTY_CRC32);
    if (found !== crc32) throw new ProofFailedError(session.name, `crc32 of part ${number}`, crc32, found);
    vouched.add(number);
  }
  return plan.count - vouched.size;
}
