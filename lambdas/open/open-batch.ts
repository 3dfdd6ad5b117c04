import pMap from 'p-map';
import { runKeys } from '#run/keys.ts';
import { readBatch } from '#run/ledger/progress.ts';
import { writeOnce } from '#run/store.ts';
import { Dispatcher } from '../ingest/dispatcher.ts';
import type { LateQueue } from '../ingest/late-queue.ts';
import type { SourceIngest } from '../ingest/source-ingest.ts';
import { claimWorkersMinute } from '../ingest/workers-minute.ts';
import { openItem } from './open-item.ts';

export interface OpenRequest {
  readonly runId: string;
  /** Key of the batch object. */
  readonly batch: string;
  readonly deadline: Date;
  /** How many slices the whole batch may have: the history of its child execution is limited. */
  readonly slices: number;
}

/** Open's answer to the state machine. */
export interface OpenAnswer {
  /** The number of sources that this call did not begin, or that asked Sluice to wait: call again. */
  readonly left: number;
  /** Seconds until the next call is useful. */
  readonly waitSeconds: number;
  /** Something was dispatched, and no other invocation checks the workers in this minute. */
  readonly startWorkers: boolean;
  /** Objects that continue in slices, each with the numbers of its slices. */
  readonly large: readonly { readonly item: string; readonly slices: readonly number[] }[];
}

/** The longest wait between two calls. If a source asked for more, the next call asks the source again. */
const LONGEST_WAIT_SECONDS = 300;

/**
 * Processes as much of a batch as possible until the deadline. A repeated call for the same batch continues from the
 * ledger: it skips items that have landed or failed, returns the items with slices again, and dispatches again the
 * items for which no worker has written a record.
 */
export async function openBatch(
  ingest: SourceIngest,
  queue: LateQueue,
  { runId, batch, deadline, slices }: OpenRequest,
): Promise<OpenAnswer> {
  const items = await readBatch(ingest.store, batch);
  const dispatcher = new Dispatcher(ingest.store, runId, queue);
  // On the first call the ledger contains nothing about the batch, and reading three records an item is most of the
  // cost of a small item.
  const isFirst = (await writeOnce(ingest.store, runKeys(runId).begun(batch), { v: 1, runId, batch })) === 'written';
  const slicesEach = Math.max(1, Math.floor(slices / items.length));
  const states = await pMap(
    items,
    (item) => openItem(ingest, dispatcher, { runId, item, deadline, slicesEach, isFirst }),
    // An error after an object has landed fails this call, but only after all other items have ended.
    { concurrency: ingest.sourcesAtOnce, stopOnError: false },
  ).catch((error: unknown) => {
    // The first error keeps its name, because the retriers of the state machine match names.
    throw error instanceof AggregateError ? error.errors[0] : error;
  });
  await dispatcher.flush();
  await ingest.limits.flush(runId);

  const left = states.filter((state) => state.kind === 'left');
  // If an item waits for nothing, the next call can come at once. Items that wait are then asked a little too early,
  // and report it.
  const waits = left.map((state) => ((state.waitUntil?.getTime() ?? 0) - Date.now()) / 1_000);
  const wait = Math.ceil(Math.min(...waits, LONGEST_WAIT_SECONDS));
  return {
    left: left.length,
    waitSeconds: left.length === 0 ? 0 : Math.max(0, wait),
    startWorkers: dispatcher.sent > 0 && (await claimWorkersMinute(ingest.store, runId)),
    large: states.flatMap((state) => (state.kind === 'large' ? [{ item: state.item, slices: state.slices }] : [])),
  };
}
