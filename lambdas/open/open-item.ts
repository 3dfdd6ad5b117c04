import { fetchMessageOf, messageOf } from '#run/fleet/message-of.ts';
import type { Item, SourceItem } from '#run/item.ts';
import { runKeys } from '#run/keys.ts';
import { landedBefore } from '#run/landing/landed-before.ts';
import { recordHanded, recordLanded } from '#run/landing/landing.ts';
import { isLost, type LostTransfer, readTransfer, writeTransfer } from '#run/landing/large-transfer.ts';
import { recordFailure } from '#run/ledger/record-failure.ts';
import { failureSchema, handedSchema, landedSchema, resultSchema } from '#run/ledger/records.ts';
import { RunDeadlineError } from '#run/limits/run-limits.ts';
import { readJson, type Store } from '#run/store.ts';
import {
  InvalidOptionsError,
  NotInTimeError,
  planOf,
  SourceAsksToWaitError,
  slicesOf,
  type TransferState,
  transferStateSchema,
} from '#transfer/index.ts';
import type { Dispatcher } from '../ingest/dispatcher.ts';
import type { SourceIngest } from '../ingest/source-ingest.ts';
import { logger } from '../logger.ts';
import { type Begun, begin } from './begin.ts';

/** The state of an item after a call of Open. */
export type ItemState =
  | { readonly kind: 'settled' }
  | { readonly kind: 'left'; readonly waitUntil?: Date }
  | { readonly kind: 'large'; readonly item: string; readonly slices: readonly number[] };

export interface OpenItem<I extends Item = Item> {
  readonly runId: string;
  readonly item: I;
  readonly deadline: Date;
  /** How many slices the item may have, so that the child's history has room for all items. */
  readonly slicesEach: number;
  /** Open has not been called for this batch before. */
  readonly isFirst: boolean;
}

/** Work is handed on; a source is landed, begun, or recorded as failed. Never rejects for what a source does. */
export async function openItem(ingest: SourceIngest, dispatcher: Dispatcher, open: OpenItem): Promise<ItemState> {
  const { item, runId } = open;
  const earlier = open.isFirst ? undefined : await findEarlier(ingest.store, dispatcher, runId, item);
  if (earlier !== undefined && earlier.kind !== 'lost') return earlier;
  if (item.kind === 'work') {
    const message = messageOf(runId, item);
    if (message !== undefined) dispatcher.add(message);
    return { kind: 'settled' };
  }
  if (item.landedIn !== undefined) {
    const message = await landedBefore(ingest.store, runId, item, item.landedIn);
    if (message !== undefined) {
      dispatcher.add(message);
      return { kind: 'settled' };
    }
  }
  if (Date.now() >= open.deadline.getTime()) return { kind: 'left' };
  return landSource(ingest, dispatcher, { ...open, item }, earlier?.transfer);
}

/** Returns what an earlier call did with an item, or undefined if it did nothing. A lost transfer begins again. */
async function findEarlier(
  store: Store,
  dispatcher: Dispatcher,
  runId: string,
  item: Item,
): Promise<ItemState | { readonly kind: 'lost'; readonly transfer: LostTransfer } | undefined> {
  const keys = runKeys(runId);
  const [landed, result, failure, large, handed] = await Promise.all([
    readJson(store, keys.record('landed', item.id), landedSchema),
    readJson(store, keys.record('results', item.id), resultSchema),
    readJson(store, keys.record('failures', item.id), failureSchema),
    readTransfer(store, runId, item.id),
    readJson(store, keys.record('handed', item.id), handedSchema),
  ]);
  if (result !== undefined || failure !== undefined) return { kind: 'settled' };
  if (landed !== undefined) {
    // No worker has written a record, so the message may never have been sent. A second message does no harm.
    const message = messageOf(runId, item, landed);
    if (message !== undefined) dispatcher.add(message);
    return { kind: 'settled' };
  }
  if (handed !== undefined && item.kind === 'source') {
    dispatcher.add(fetchMessageOf(runId, item));
    return { kind: 'settled' };
  }
  if (large === undefined) return undefined;
  if (isLost(large)) return { kind: 'lost', transfer: large };
  return largeState(large.item, transferStateSchema.parse(large.state), large.sliceBytes);
}

async function landSource(
  ingest: SourceIngest,
  dispatcher: Dispatcher,
  open: OpenItem<SourceItem>,
  lost: LostTransfer | undefined,
): Promise<ItemState> {
  const { item, runId } = open;
  const { store, limits } = ingest;
  const beginning = (lost?.beginning ?? 0) + 1;
  const slices = slicesOfBeginning(open.slicesEach, beginning);
  const bytesSpent = lost?.bytesSpent ?? 0;
  const about = { runId, item: item.id, itemName: item.key };
  let begun: Begun;
  // Only the transfer is inside this `try`: an error after an object has landed is not a failure of the object.
  try {
    if (slices === 0) {
      throw new NotInTimeError(
        `the transfer had to begin again, and the history of its batch has no room for more slices`,
        bytesSpent,
      );
    }
    const { maxBytes: sourceBytes = Number.POSITIVE_INFINITY } = ingest.options;
    begun = await limits.within(runId, sourceBytes, (maxBytes, signal) => {
      const bounded = { ...ingest, options: { ...ingest.options, maxBytes, signal } };
      return begin(bounded, runId, item, open.deadline, lost?.earlier ?? []);
    });
  } catch (error) {
    if (error instanceof SourceAsksToWaitError) {
      logger.info('the source asks to wait', { ...about, waitUntil: error.waitUntil });
      return { kind: 'left', waitUntil: error.waitUntil };
    }
    if (error instanceof RunDeadlineError) {
      // A late item is not a failure: the run continues without it, and names it as missing.
      logger.info('late', { ...about, reason: error.message });
      return { kind: 'settled' };
    }
    // The engine begins nothing after the deadline, and this call began the item too late.
    if (error instanceof InvalidOptionsError && Date.now() >= open.deadline.getTime()) return { kind: 'left' };
    if (error instanceof NotInTimeError) {
      logger.info('sent to a worker', { ...about, reason: error.message });
      await recordHanded(store, runId, item, error);
      dispatcher.add(fetchMessageOf(runId, item));
      return { kind: 'settled' };
    }
    logger.warn('failed', { ...about, error });
    await recordFailure(store, { runId, item: item.id, name: item.key, stage: 'transfer' }, error, 1);
    return { kind: 'settled' };
  }
  if (begun.kind === 'large') {
    const { state, earlier } = begun;
    logger.info('opened', { ...about, bytes: state.total, parts: state.count });
    await limits.spend(runId, state.total);
    const sliceBytes = Math.max(ingest.sliceBytes, Math.ceil(state.total / slices));
    await writeTransfer(store, { v: 1, runId, item, state, sliceBytes, beginning, earlier: [...earlier], bytesSpent });
    return largeState(item, state, sliceBytes);
  }
  const { status, bytes, seconds } = begun.landed;
  logger.info(status, { ...about, bytes, seconds });
  const { message } = await recordLanded(store, runId, item, begun.landed);
  if (status === 'landed') await limits.spend(runId, bytes);
  if (message !== undefined) dispatcher.add(message);
  return { kind: 'settled' };
}

/**
 * Returns how many slices one beginning of a transfer may have, so that all of its beginnings together stay within its
 * share: half of the share for the first beginning, and half of the rest for each next one. If the share is one slice,
 * the first beginning gets it.
 *
 * @returns 0 if nothing is left. Then a worker lands the source, with a time limit and a history of its own.
 */
export function slicesOfBeginning(share: number, beginning: number): number {
  return Math.max(beginning === 1 ? 1 : 0, Math.floor(share / 2 ** beginning));
}

function largeState(item: SourceItem, state: TransferState, sliceBytes: number): ItemState {
  const slices = slicesOf(planOf(state), sliceBytes).map((_, index) => index);
  return { kind: 'large', item: item.id, slices };
}
