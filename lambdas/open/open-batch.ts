import pMap from 'p-map';
import type { Queue } from '#run/fleet/dispatch.ts';
import { runKeys } from '#run/keys.ts';
import { readBatch } from '#run/ledger/progress.ts';
import { writeOnce } from '#run/store.ts';
import { Dispatcher } from '../ingest/dispatcher.ts';
import type { SourceIngest } from '../ingest/source-ingest.ts';
import { claimWorkersMinute } from '../ingest/workers-minute.ts';
import { openItem } from './open-item.ts';

export interface OpenRequest {
  readonly runId: string;
  /** Key of the batch object. */
  readonly batch: string;
  readonly deadline: Date;
  /** How many slices all of the batch may have together: the history of its child execution is bounded. */
  readonly slices: number;
}

/** What Open says to the state machine. */
export interface OpenAnswer {
  /** Sources that this call did not come to, or that ask to be left alone for a while: call again. */
  readonly left: number;
  /** Seconds until a next call makes sense. */
  readonly waitSeconds: number;
  /** Something was handed to the workers, and nobody else looks after them this minute. */
  readonly startWorkers: boolean;
  /** Objects that go on in slices, each with the numbers of its slices. */
  readonly large: readonly { readonly item: string; readonly slices: readonly number[] }[];
}

/** What a source asked for beyond this is not waited for in one go; the next call asks it again. */
const LONGEST_WAIT_SECONDS = 300;

/**
 * Does what can be done of a batch until the deadline. Called again for the same batch it goes on from the ledger: what
 * has landed or failed is done, what was begun in slices is named again, and what no worker has answered for is handed on
 * once more.
 */
export async function openBatch(
  ingest: SourceIngest,
  queue: Queue,
  { runId, batch, deadline, slices }: OpenRequest,
): Promise<OpenAnswer> {
  const items = await readBatch(ingest.store, batch);
  const dispatcher = new Dispatcher(ingest.store, queue);
  // The first call finds nothing in the ledger, and three looks an item are most of what a small one costs.
  const isFirst = (await writeOnce(ingest.store, runKeys(runId).begun(batch), { v: 1, runId, batch })) === 'written';
  const slicesEach = Math.max(1, Math.floor(slices / items.length));
  const states = await pMap(
    items,
    (item) => openItem(ingest, dispatcher, { runId, item, deadline, slicesEach, isFirst }),
    // What fails after an object has landed fails this call, once all others have come to their end.
    { concurrency: ingest.sourcesAtOnce, stopOnError: false },
  ).catch((error: unknown) => {
    // The first by its own name, which is what the state machine's retriers look at.
    throw error instanceof AggregateError ? error.errors[0] : error;
  });
  await dispatcher.flush();
  await ingest.limits.flush(runId);

  const left = states.filter((state) => state.kind === 'left');
  // Those that wait for nothing can go on at once; the others are then asked again a little early, and say so.
  const waits = left.map((state) => ((state.waitUntil?.getTime() ?? 0) - Date.now()) / 1_000);
  const wait = Math.ceil(Math.min(...waits, LONGEST_WAIT_SECONDS));
  return {
    left: left.length,
    waitSeconds: left.length === 0 ? 0 : Math.max(0, wait),
    startWorkers: dispatcher.sent > 0 && (await claimWorkersMinute(ingest.store, runId)),
    large: states.flatMap((state) => (state.kind === 'large' ? [{ item: state.item, slices: state.slices }] : [])),
  };
}
