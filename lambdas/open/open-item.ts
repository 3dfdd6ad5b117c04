import { messageOf } from '#run/dispatch.ts';
import type { Item, SourceItem } from '#run/item.ts';
import { runKeys } from '#run/keys.ts';
import { readLargeTransfer, writeLargeTransfer } from '#run/large-transfer.ts';
import { failureSchema, landedSchema, resultSchema } from '#run/records.ts';
import { readJson, type Store } from '#run/store.ts';
import { planOf, SourceAsksToWaitError, slicesOf, type TransferState, transferStateSchema } from '#transfer/index.ts';
import type { Dispatcher } from '../ingest/dispatcher.ts';
import type { Ingest } from '../ingest/ingest.ts';
import { recordLanded, recordTransferFailure } from '../ingest/settle.ts';
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
}

/** Work is handed on; a source is landed, begun, or recorded as failed. Never rejects for what a source does. */
export async function openItem(ingest: Ingest, dispatcher: Dispatcher, open: OpenItem): Promise<ItemState> {
  const { item, runId } = open;
  const { store } = ingest;
  if (item.kind === 'work') {
    const message = messageOf(runId, item);
    if (message !== undefined && !(await isAnswered(store, runId, item.id))) dispatcher.add(message);
    return { kind: 'settled' };
  }
  const landed = await readJson(store, runKeys(runId).record('landed', item.id), landedSchema);
  if (landed !== undefined) {
    const message = messageOf(runId, item, { bucket: landed.bucket, bytes: landed.bytes });
    if (message !== undefined && !(await isAnswered(store, runId, item.id))) dispatcher.add(message);
    return { kind: 'settled' };
  }
  if ((await readJson(store, runKeys(runId).record('failures', item.id), failureSchema)) !== undefined) {
    return { kind: 'settled' };
  }
  const large = await readLargeTransfer(store, runId, item.id);
  if (large !== undefined) return largeState(item, transferStateSchema.parse(large.state), large.sliceBytes);
  if (Date.now() >= open.deadline.getTime()) return { kind: 'left' };
  return landSource(ingest, dispatcher, { ...open, item });
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
    const message = await recordLanded(store, runId, item, begun.landed);
    if (message !== undefined) dispatcher.add(message);
  } catch (error) {
    if (error instanceof SourceAsksToWaitError) return { kind: 'left', waitUntil: error.waitUntil };
    await recordTransferFailure(store, runId, item, error);
  }
  return { kind: 'settled' };
}

function largeState(item: SourceItem, state: TransferState, sliceBytes: number): ItemState {
  const slices = slicesOf(planOf(state), sliceBytes).map((_, index) => index);
  return { kind: 'large', item: item.id, slices };
}

/** Whether a worker has said its word already: a second message would only be thrown away. */
async function isAnswered(store: Store, runId: string, item: string): Promise<boolean> {
  const keys = runKeys(runId);
  const [result, failure] = await Promise.all([
    readJson(store, keys.record('results', item), resultSchema),
    readJson(store, keys.record('failures', item), failureSchema),
  ]);
  return result !== undefined || failure !== undefined;
}
