import {
  isLost,
  type LargeTransfer,
  readSliceCalls,
  readTransfer,
  writeTransfer,
} from '#run/landing/large-transfer.ts';
import { recordFailure } from '#run/ledger/record-failure.ts';
import { messageOfCause } from '#run/problem/problem-of-execution.ts';
import type { Store } from '#run/store.ts';
import { MOST_BEGINNINGS, type Pins, transferStateSchema } from '#transfer/index.ts';
import type { Ingest } from '../ingest/ingest.ts';
import { resumeLarge } from '../ingest/job.ts';
import { logger } from '../logger.ts';

/** The error that ended a transfer, in the form of the state machine. */
export interface StateError {
  readonly name: string;
  readonly cause: string;
}

/**
 * Errors after which a new upload may succeed: the names of the engine's BeginAgainErrors, as Step Functions passes
 * them on.
 */
const SOURCE_CHANGED = 'SourceChangedError';
/** After this error, the next beginning reads the source in one stream. */
const RANGES_IGNORED = 'RangesIgnoredError';
const BEGIN_AGAIN: ReadonlySet<string> = new Set([SOURCE_CHANGED, RANGES_IGNORED, 'UploadVanishedError']);

/** The error of a slice that was called after the run's deadline. */
const DEADLINE = 'RunDeadlineError';

/**
 * Abandons a large object's upload. If a new upload may succeed, a record with what Open needs for it replaces the
 * record of the transfer. Otherwise the failure is recorded. The failure is recorded before the abort, so the item is
 * settled even if the abort fails. An object that was completed in spite of the error stays.
 *
 * @returns whether the transfer has to begin again. A repeated call returns the same answer.
 */
export async function abandonLarge(
  ingest: Ingest,
  runId: string,
  item: string,
  error: StateError,
): Promise<{ again: boolean }> {
  const { store } = ingest;
  const transfer = await readTransfer(store, runId, item);
  if (transfer === undefined) return { again: false };
  if (isLost(transfer)) return { again: true };
  if (BEGIN_AGAIN.has(error.name) && transfer.beginning < MOST_BEGINNINGS) {
    logger.info('begins again', { runId, item, itemName: transfer.item.key, reason: error.name });
    await resumeLarge(ingest, transfer).abandon();
    await writeTransfer(store, {
      v: 1,
      runId,
      item: transfer.item,
      state: null,
      beginning: transfer.beginning,
      earlier: [...transfer.earlier, ...pinsAfter(error, transfer)],
      bytesSpent: transfer.bytesSpent + (await bytesSent(store, transfer)),
    });
    return { again: true };
  }
  if (error.name === DEADLINE) {
    // A late item is not a failure: the run continues without it, and names it as missing.
    logger.info('late', { runId, item, itemName: transfer.item.key });
    await resumeLarge(ingest, transfer).abandon();
    return { again: false };
  }
  const bytes = { got: await bytesSent(store, transfer), expected: transferStateSchema.parse(transfer.state).total };
  const failure = { ...failureOf(error, transfer), bytes };
  const { key } = transfer.item;
  logger.warn('failed', { runId, item, itemName: key, failure });
  await recordFailure(store, { runId, item: transfer.item.id, name: key, stage: 'transfer' }, failure, 1);
  await resumeLarge(ingest, transfer).abandon();
  return { again: false };
}

/** The version that the lost beginning read, if the next beginning has to know it. */
function pinsAfter({ name }: StateError, { state }: LargeTransfer): Pins[] {
  const { pins } = transferStateSchema.parse(state);
  if (name === RANGES_IGNORED) return [{ ...pins, oneStream: true }];
  return name === SOURCE_CHANGED ? [pins] : [];
}

/** Bytes of the upload, as far as its slices have reported them. */
async function bytesSent(store: Store, transfer: LargeTransfer): Promise<number> {
  const calls = await readSliceCalls(store, transfer);
  const proofs = [...transferStateSchema.parse(transfer.state).proofs, ...calls.flatMap((call) => call.proofs)];
  return proofs.reduce((sum, { bytes }) => sum + bytes, 0);
}

function failureOf({ name, cause }: StateError, { beginning }: LargeTransfer): Pick<Error, 'name' | 'message'> {
  const message = messageOfCause(cause);
  if (name !== SOURCE_CHANGED) return { name, message };
  return { name: 'SourceKeepsChangingError', message: `${message}; the transfer began ${beginning} times: try later` };
}
