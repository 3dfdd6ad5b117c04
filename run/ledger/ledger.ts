import { type LedgerName, runKeys } from '../keys.ts';
import { listKeys, readJson, type Store, writeOnce, writeOwn } from '../store.ts';
import type { FailureRecord, HandedRecord, LandedRecord, ResultRecord } from './records.ts';
import { closedSchema } from './records.ts';

interface RecordOf {
  landed: LandedRecord;
  results: ResultRecord;
  failures: FailureRecord;
  late: ResultRecord;
  handed: HandedRecord;
}

/**
 * Writes one item's record. Only the first record is kept: a second writer gets `exists` and changes nothing.
 *
 * @throws the error that S3 answers, except 412.
 */
export function record<L extends LedgerName>(
  store: Store,
  ledger: L,
  value: RecordOf[L],
): Promise<'written' | 'exists'> {
  return writeOnce(store, runKeys(value.runId).record(ledger, value.item), value);
}

/**
 * Lists the ids of the items that have a record in a ledger, in ascending order. `shard` is the beginning of the ids to
 * list.
 */
export async function* recordedIds(
  store: Store,
  runId: string,
  ledger: LedgerName,
  shard = '',
): AsyncGenerator<string> {
  const prefix = runKeys(runId).ledger(ledger);
  for await (const key of listKeys(store, prefix + shard)) {
    const id = /^([0-9a-f]{32})\.json$/.exec(key.slice(prefix.length))?.[1];
    // Another program may have written an object here. Its key contains no item id, so it is skipped.
    if (id !== undefined) yield id;
  }
}

/**
 * Records a worker's result for an item, without a race against the end of the run. First it writes the result, then it
 * checks whether the run was closed. If the run was closed, DoneState may have listed the results before this one, so
 * the result is also stored under `late/`, where readers of the manifest find it.
 *
 * @returns `exists` if another delivery of the item was faster, `late` if the run was closed.
 * @throws NoSuchWinnerError if S3 reports a result that does not exist, and other errors of S3.
 */
export async function recordResult(store: Store, value: ResultRecord): Promise<'written' | 'exists' | 'late'> {
  if ((await writeOwn(store, runKeys(value.runId).record('results', value.item), value)) === 'exists') return 'exists';
  if (!(await isClosed(store, value.runId))) return 'written';
  await record(store, 'late', value);
  return 'late';
}

/** Returns whether DoneState or CloseRun has closed the run. Nothing of a closed run may be begun. */
export async function isClosed(store: Store, runId: string): Promise<boolean> {
  return (await readJson(store, runKeys(runId).closed, closedSchema)) !== undefined;
}
