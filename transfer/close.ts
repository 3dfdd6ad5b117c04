import { completeUpload } from './complete.ts';
import type { Context } from './context.ts';
import { combineCrc32, crc32ToHex, EMPTY_CRC32 } from './crc32.ts';
import { PartsMissingError, ProofFailedError } from './errors.ts';
import { contextOfJob, type TransferJob } from './job.ts';
import type { Landed } from './landed.ts';
import { ifAbsent, otherWasFaster } from './open.ts';
import { partRange } from './parts.ts';
import { checkProofs } from './proofs.ts';
import type { StoredPart } from './s3/object-store.ts';
import type { StatedHash } from './source/stated-hashes.ts';
import { type PartProof, planOf, type TransferState } from './state.ts';

export interface CloseOptions {
  /** What all calls of `uploadSlice` returned, in any order. A part without one is proven in transport only. */
  readonly proofs?: readonly PartProof[];
  /** Retries of all calls of `uploadSlice`, for the record. */
  readonly retries?: number;
  readonly signal?: AbortSignal;
}

/**
 * Makes the object out of its parts, once each of them stands in S3 with the plan's size and its proof's CRC.
 *
 * It may be called again after its process died: an object that this transfer has made already is recognised.
 *
 * @throws PartsMissingError with the numbers to upload; ProofFailedError, ObjectExistsError: abandon; UploadVanishedError:
 *   abandon and open again; StorageError. The upload stays open: the caller abandons it.
 */
export async function closeTransfer(job: TransferJob, options: CloseOptions = {}): Promise<Landed> {
  const context = contextOfJob(job);
  const { state } = job;
  const { store, session, expect } = context;
  const signal = options.signal === undefined ? context.signal : AbortSignal.any([context.signal, options.signal]);
  const proofs = [...state.proofs, ...(options.proofs ?? [])];

  const parts = await listAll(context, state, signal);
  const transportOnly = compare(context, state, parts, proofs);
  const crc = parts.reduce((whole, part) => combineCrc32(whole, part.crc as number, part.bytes), EMPTY_CRC32);
  const checked = checkProofs(session.name, expect, state.stated as StatedHash[], {
    bytes: state.total,
    crc,
    hashes: undefined,
  });
  const completion = { uploadId: state.uploadId, token: state.token, parts, bytes: state.total, crc };
  const outcome = await completeUpload(store, { ...completion, ifAbsent: ifAbsent(context) }, signal);
  const base = {
    seconds: (Date.now() - Date.parse(state.startedAt)) / 1_000,
    retries: state.retries + (options.retries ?? 0) + session.retries + store.retries,
    sourceEtag: state.sourceEtag,
    sourceLastModified: state.pins.lastModified,
    contentType: state.contentType,
  };
  if (outcome === 'exists') {
    const { status, bytes } = await otherWasFaster(context);
    await store.abortUpload(state.uploadId, signal);
    return {
      ...base,
      status,
      bytes,
      parts: 0,
      crc32: undefined,
      proofs: { held: [], notChecked: [] },
      notes: state.notes,
    };
  }
  const notes = [...state.notes];
  if (transportOnly > 0) {
    notes.push(
      `${transportOnly} of ${state.count} parts were sent by a process that died before it reported: their CRC is the one that S3 took, proven in transport only`,
    );
  }
  return {
    ...base,
    status: 'landed',
    bytes: state.total,
    parts: state.count,
    crc32: crc32ToHex(crc),
    proofs: { held: ['size', ...checked.held, 'crc32'], notChecked: checked.notChecked },
    notes,
  };
}

async function listAll({ store }: Context, state: TransferState, signal: AbortSignal): Promise<StoredPart[]> {
  return (await store.listParts(state.uploadId, 1, state.count, signal)).sort(
    (one, other) => one.number - other.number,
  );
}

/** @returns how many parts no proof vouches for. */
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
