import {
  isLost,
  type LargeTransfer,
  readSliceCalls,
  readTransfer,
  writeTransfer,
} from '#run/landing/large-transfer.ts';
import { recordFailure } from '#run/ledger/record-failure.ts';
import type { Store } from '#run/store.ts';
import { MOST_BEGINNINGS, type Pins, transferStateSchema } from '#transfer/index.ts';
import { messageOfCause } from '../caught-error.ts';
import type { Ingest } from '../ingest/ingest.ts';
import { resumeLarge } from '../ingest/job.ts';
import { logger } from '../logger.ts';

/** What ended a transfer, as the state machine knows it. */
export interface StateError {
  readonly name: string;
  readonly cause: string;
}

/** Errors after which a new upload may succeed: the engine's kinds of BeginAgainError, by name, as they come through Step Functions. */
const SOURCE_CHANGED = 'SourceChangedError';
/** The next beginning reads the source in one stream. */
const RANGES_IGNORED = 'RangesIgnoredError';
const BEGIN_AGAIN: ReadonlySet<string> = new Set([SOURCE_CHANGED, RANGES_IGNORED, 'UploadVanishedError']);

/** The error of a slice that came after the run's deadline. */
const DEADLINE = 'RunDeadlineError';

/**
 * Gives a large object's upload up. Where a new one may succeed, what Open needs for it takes the transfer's place.
 * Otherwise the failure is recorded, first, so that whatever happens to the abort the item is settled. An object that was
 * completed all the same stays.
 *
 * @returns whether the transfer has to begin again. Called again, it gives the same answer.
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
    // Late is no failure: the run goes on without it, and names it as missing.
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

/** The version that the lost beginning read, where the next one has to know of it. */
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
  return { name: 'SourceKeepsChangingError', message: `${message}; it was begun ${beginning} times: try later` };
}
