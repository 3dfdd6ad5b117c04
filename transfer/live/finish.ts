import { retriesOf } from '../context.ts';
import type { Landed } from '../landed.ts';
import { completeUpload } from '../object/complete.ts';
import { ifAbsent, otherWasFaster } from '../object/other-object.ts';
import type { Beginning } from '../opening/beginning.ts';
import { crc32ToHex } from '../proof/crc32.ts';
import { checkProofs, type Hashes } from '../proof/proofs.ts';
import type { StoredPart } from '../s3/object-store.ts';
import { statedHashes } from '../source/stated-hashes.ts';

/** All parts of an upload of which this process has read every byte in order. */
export interface Finished {
  readonly uploadId: string;
  /** Ascending. */
  readonly parts: readonly StoredPart[];
  readonly bytes: number;
  readonly crc: number;
  readonly hashes: Hashes;
  /** Whether the source itself has stated its length, or its end. */
  readonly sizeProven: boolean;
}

/**
 * Checks every proof, then makes the object.
 *
 * @throws ProofFailedError, ObjectExistsError, UploadVanishedError, StorageError.
 */
export async function finishUpload(beginning: Beginning, finished: Finished): Promise<Landed> {
  const { context, token, startedAt, head, headers, notes } = beginning;
  const { store, session, expect, signal } = context;
  const { uploadId, parts, bytes, crc, hashes } = finished;
  const proofs = checkProofs(session.name, expect, statedHashes(head), { bytes, crc, hashes });
  const completion = { uploadId, token, parts, bytes, crc, ifAbsent: ifAbsent(context) };
  const outcome = await completeUpload(store, completion, signal);
  const base = () => ({
    key: store.key,
    seconds: (Date.now() - startedAt.getTime()) / 1_000,
    retries: retriesOf(context),
    sourceEtag: head.etag,
    sourceLastModified: head.lastModified,
    contentType: headers.contentType,
    notes,
  });
  if (outcome !== 'done') {
    const other = otherWasFaster(context, outcome);
    await store.abortUpload(uploadId, signal);
    return { ...base(), ...other, parts: 0, crc32: undefined, proofs: { held: [], notChecked: [] } };
  }
  return {
    ...base(),
    status: 'landed',
    bytes,
    parts: parts.length,
    crc32: crc32ToHex(crc),
    proofs: {
      held: [...(finished.sizeProven ? ['size'] : []), ...proofs.held, 'crc32'],
      notChecked: proofs.notChecked,
    },
  };
}
