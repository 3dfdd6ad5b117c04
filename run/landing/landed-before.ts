import type { WorkMessage } from '../fleet/message.ts';
import { messageOf } from '../fleet/message-of.ts';
import type { SourceItem } from '../item.ts';
import { runKeys } from '../keys.ts';
import { record } from '../ledger/ledger.ts';
import { type LandedRecord, landedSchema } from '../ledger/records.ts';
import { headOf, readJson, type Store } from '../store.ts';

/**
 * Takes over an object that an earlier run has landed and that lacks only its result. The object must still be the
 * recorded one: it has the recorded size, and is not younger than the record.
 *
 * @returns the message for a worker; undefined if the object has to be landed, or has no processor.
 */
export async function landedBefore(
  store: Store,
  runId: string,
  item: SourceItem,
  earlier: string,
): Promise<WorkMessage | undefined> {
  const landed = await readJson(store, runKeys(earlier).record('landed', item.id), landedSchema);
  if (landed === undefined || landed.key !== item.key || !(await isStillThere(store, landed))) return undefined;
  const message = messageOf(runId, item, landed);
  if (message === undefined) return undefined;
  const note = `landed by run ${earlier}: this run only processes it`;
  await record(store, 'landed', {
    ...landed,
    ...{ runId, status: 'unchanged', seconds: 0, parts: 0, retries: 0 },
    ...{ at: new Date().toISOString(), notes: [...landed.notes, note] },
  });
  return message;
}

async function isStillThere({ client }: Store, { bucket, key, bytes, at }: LandedRecord): Promise<boolean> {
  const head = await headOf({ client, bucket }, key);
  return head?.ContentLength === bytes && (head.LastModified?.getTime() ?? 0) <= Date.parse(at) + 1_000;
}
