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
 * Writes one item's record. The first word counts: a second writer gets `exists` and changes nothing.
 *
 * @throws whatever S3 answers, but for 412.
 */
export function record<L extends LedgerName>(
  store: Store,
  ledger: L,
  value: RecordOf[L],
): Promise<'written' | 'exists'> {
  return writeOnce(store, runKeys(value.runId).record(ledger, value.item), value);
}

/** The ids of the items that have a record in a ledger, in ascending order. `shard` is what they begin with. */
export async function* recordedIds(
  store: Store,
  runId: string,
  ledger: LedgerName,
  shard = '',
): AsyncGenerator<string> {
  const prefix = runKeys(runId).ledger(ledger);
  for await (const key of listKeys(store, prefix + shard)) {
    const id = /^([0-9a-f]{32})\.json$/.exec(key.slice(prefix.length))?.[1];
    // An object that somebody else has put there is nobody's record.
    if (id !== undefined) yield id;
  }
}

/**
 * Records what a worker has made of an item, without a race against the end of the run: the result goes first, then
 * the worker looks whether the run was closed. If it was, DoneState may have listed before the result was there, so
 * the result is kept under `late/` too, where readers of the manifest find it.
 *
 * @returns `exists` where another delivery of the item was faster, `late` where the run was closed.
 * @throws NoSuchWinnerError where S3 speaks of a result that is not there, and whatever else S3 answers.
 */
export async function recordResult(store: Store, value: ResultRecord): Promise<'written' | 'exists' | 'late'> {
  if ((await writeOwn(store, runKeys(value.runId).record('results', value.item), value)) === 'exists') return 'exists';
  if (!(await isClosed(store, value.runId))) return 'written';
  await record(store, 'late', value);
  return 'late';
}

/** Whether DoneState, or CloseRun, has closed the run: nothing of it is to be begun any more. */
export async function isClosed(store: Store, runId: string): Promise<boolean> {
  return (await readJson(store, runKeys(runId).closed, closedSchema)) !== undefined;
}
