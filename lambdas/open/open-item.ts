import { fetchMessageOf, messageOf } from '#run/dispatch.ts';
import type { Item, SourceItem } from '#run/item.ts';
import { runKeys } from '#run/keys.ts';
import { recordHanded, recordLanded, recordTransferFailure } from '#run/landing.ts';
import { readLargeTransfer, writeLargeTransfer } from '#run/large-transfer.ts';
import { failureSchema, handedSchema, landedSchema, resultSchema } from '#run/records.ts';
import { readJson, type Store } from '#run/store.ts';
import {
  NotInTimeError,
  planOf,
  SourceAsksToWaitError,
  slicesOf,
  type TransferState,
  transferStateSchema,
} from '#transfer/index.ts';
import type { Dispatcher } from '../ingest/dispatcher.ts';
import type { Ingest } from '../ingest/ingest.ts';
import { begin } from './begin.ts';

/** How an item stands after a call of Open. */
export type ItemState =
  | { readonly kind: 'settled' }
  | { readonly kind: 'left'; readonly waitUntil?: Date }
  | { readonly kind: 'large'; readonly item: string; readonly slices: readonly number[] };

export interface OpenItem<I extends Item = Item> {
  readonly runId: string;
  readonly item: I;
  readonly deadline: Date;
  /** How many slices the item may be divided into, so that its child's history has room for all. */
  readonly slicesEach: number;
  /** No call of Open has come to this batch before. */
  readonly isFirst: boolean;
}

/** Work is handed on; a source is landed, begun, or recorded as failed. Never rejects for what a source does. */
export async function openItem(ingest: Ingest, dispatcher: Dispatcher, open: OpenItem): Promise<ItemState> {
  const { item, runId } = open;
  const earlier = open.isFirst ? undefined : await findEarlier(ingest.store, dispatcher, runId, item);
  if (earlier !== undefined) return earlier;
  if (item.kind === 'work') {
    const message = messageOf(runId, item);
    if (message !== undefined) dispatcher.add(message);
    return { kind: 'settled' };
  }
  if (Date.now() >= open.deadline.getTime()) return { kind: 'left' };
  return landSource(ingest, dispatcher, { ...open, item });
}

/** What an earlier call has made of an item, undefined where it didn't come to it. */
async function findEarlier(
  store: Store,
  dispatcher: Dispatcher,
  runId: string,
  item: Item,
): Promise<ItemState | undefined> {
  const keys = runKeys(runId);
  const [landed, result, failure, large, handed] = await Promise.all([
    readJson(store, keys.record('landed', item.id), landedSchema),
    readJson(store, keys.record('results', item.id), resultSchema),
    readJson(store, keys.record('failures', item.id), failureSchema),
    readLargeTransfer(store, runId, item.id),
    readJson(store, keys.record('handed', item.id), handedSchema),
  ]);
  if (result !== undefined || failure !== undefined) return { kind: 'settled' };
  if (landed !== undefined) {
    // No worker has said its word, so the message may never have been sent. A second one is thrown away.
    const message = messageOf(runId, item, { bucket: landed.bucket, bytes: landed.bytes });
    if (message !== undefined) dispatcher.add(message);
    return { kind: 'settled' };
  }
  if (handed !== undefined && item.kind === 'source') {
    dispatcher.add(fetchMessageOf(runId, item));
    return { kind: 'settled' };
  }
  if (large === undefined) return undefined;
  return largeState(large.item, transferStateSchema.parse(large.state), large.sliceBytes);
}

async function landSource(ingest: Ingest, dispatcher: Dispatcher, open: OpenItem<SourceItem>): Promise<ItemState> {
  const { item, runId, slicesEach } = open;
  const { store } = ingest;
  try {
    const begun = await begin(ingest, runId, item, open.deadline);
    if (begun.kind === 'large') {
      const sliceBytes = Math.max(ingest.sliceBytes, Math.ceil(begun.state.total / slicesEach));
      await writeLargeTransfer(store, { v: 1, runId, item, state: begun.state, sliceBytes });
      return largeState(item, begun.state, sliceBytes);
    }
    const { message } = await recordLanded(store, runId, item, begun.landed);
    if (message !== undefined) dispatcher.add(message);
  } catch (error) {
    if (error instanceof SourceAsksToWaitError) return { kind: 'left', waitUntil: error.waitUntil };
    if (error instanceof NotInTimeError) {
      await recordHanded(store, runId, item, error);
      dispatcher.add(fetchMessageOf(runId, item));
      return { kind: 'settled' };
    }
    await recordTransferFailure(store, runId, item, error instanceof Error ? error : new Error(String(error)));
  }
  return { kind: 'settled' };
}

function largeState(item: SourceItem, state: TransferState, sliceBytes: number): ItemState {
  const slices = slicesOf(planOf(state), sliceBytes).map((_, index) => index);
  return { kind: 'large', item: item.id, slices };
}
