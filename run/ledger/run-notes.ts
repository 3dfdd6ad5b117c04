import pMap from 'p-map';
import { itemId } from '../ids.ts';
import { runKeys } from '../keys.ts';
import { distinctNotes, type Note, noteLine, noteOf, noteSchema, type Trouble } from '../problem/note.ts';
import { listKeys, readJson, type Store, writeOnce } from '../store.ts';
import type { GateRecord } from './gate-record.ts';

const READS_AT_ONCE = 8;

/**
 * Records a trouble of a function, so that the manifest and the pages contain it. The same trouble is recorded once.
 */
export async function recordNote(store: Store, runId: string, trouble: Trouble): Promise<void> {
  const note = noteOf(trouble, runId);
  await writeOnce(store, runKeys(runId).note(itemId(noteLine(note))), note);
}

/** Returns the notes about a run: those of the gatekeeper, then those that functions have recorded. */
export async function notesOf(store: Store, runId: string, gate: GateRecord): Promise<Note[]> {
  const keys = await Array.fromAsync(listKeys(store, runKeys(runId).notes));
  const recorded = await pMap(keys, (key) => readJson(store, key, noteSchema), { concurrency: READS_AT_ONCE });
  return distinctNotes([...gate.problems, ...recorded.filter((note) => note !== undefined)]);
}
