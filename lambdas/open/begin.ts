import type { SourceItem } from '#run/item.ts';
import { destinationOf, sourceOf } from '#run/landing/landing.ts';
import {
  BeginAgainError,
  type Landed,
  MOST_BEGINNINGS,
  openTransfer,
  PartsMissingError,
  type Pins,
  type RangedTransfer,
  SourceChangedError,
  type TransferState,
} from '#transfer/index.ts';
import { optionsOf } from '../ingest/job.ts';
import type { SourceIngest } from '../ingest/source-ingest.ts';

/** The result of the first call for a source: it landed, or its upload continues in slices. */
export type Begun =
  | { readonly kind: 'landed'; readonly landed: Landed }
  | { readonly kind: 'large'; readonly state: TransferState; readonly earlier: readonly Pins[] };

/**
 * An object with ranges of at most this size is finished by Open itself: two further Lambdas and their states would
 * cost more than the second that it takes.
 */
const FINISH_HERE_BYTES = 64 * 1_048_576;

/**
 * Opens a source, and lands it if it is small or comes in only one stream.
 *
 * @param before the versions of the source that earlier beginnings read, and that changed.
 * @throws what the engine throws; no upload is left open then.
 */
export async function begin(
  ingest: SourceIngest,
  runId: string,
  item: SourceItem,
  deadline: Date,
  before: readonly Pins[],
): Promise<Begun> {
  const earlier = [...before];
  for (let beginning = 1; ; beginning++) {
    try {
      return await beginOnce(ingest, runId, item, deadline, earlier);
    } catch (error) {
      if (!(error instanceof BeginAgainError) || beginning === MOST_BEGINNINGS || Date.now() > deadline.getTime())
        throw error;
      if (error instanceof SourceChangedError) earlier.push(error.pins);
    }
  }
}

async function beginOnce(
  ingest: SourceIngest,
  runId: string,
  item: SourceItem,
  deadline: Date,
  earlier: readonly Pins[],
): Promise<Begun> {
  const source = sourceOf(item, ingest.credentials);
  const destination = destinationOf(ingest.store, item);
  const options = { ...optionsOf(ingest, runId, item), deadline, earlier };
  const opened = await openTransfer(source, destination, options);
  if (opened.kind === 'done') return { kind: 'landed', landed: opened.landed };
  if (opened.kind === 'stream') return { kind: 'landed', landed: await opened.run() };
  if (opened.state.total > FINISH_HERE_BYTES) return { kind: 'large', state: opened.state, earlier };

  const { transfer } = opened;
  try {
    return await oneAtATime(() => finish(transfer, deadline, earlier));
  } catch (error) {
    await transfer.abandon();
    throw error;
  }
}

async function finish(transfer: RangedTransfer, deadline: Date, earlier: readonly Pins[]): Promise<Begun> {
  const { state } = transfer;
  const { done, proofs } = await transfer.uploadSlice({ first: 1, last: state.count }, { deadline });
  if (!done) return { kind: 'large', state, earlier };
  try {
    return { kind: 'landed', landed: await transfer.close({ proofs }) };
  } catch (error) {
    // Slice finds out which parts are missing and sends them; then Close tries again.
    if (error instanceof PartsMissingError) return { kind: 'large', state, earlier };
    throw error;
  }
}

let turn: Promise<unknown> = Promise.resolve();

/** Each such transfer needs a set of buffers, and the memory has room for one set besides the small transfers. */
function oneAtATime<T>(work: () => Promise<T>): Promise<T> {
  const mine = turn.then(work, work);
  turn = mine.catch(() => {});
  return mine;
}
