import type { z } from 'zod';
import { redactUrl } from '#net/redact.ts';
import { type Item, itemName } from '../item.ts';
import { type LedgerName, runKeys } from '../keys.ts';
import { failureSchema, type LandedRecord, landedSchema, resultSchema } from '../ledger/records.ts';
import { NewerVersionError } from '../newer-version.ts';
import { readJson, type Store, UnreadableRecordError } from '../store.ts';
import { type ItemLine, MOST_LINE_CHARACTERS } from './manifest.ts';

/**
 * All that the ledger has on one item. The records are asked for by name: listing a ledger would tell which there are, but
 * each has to be read anyway, and a record that isn't there costs one small answer.
 *
 * An item is done when it has a result, or when it has landed and gets no processor; a result that came after a failure
 * wins. A record that can't be read is named in `leftOut`: one item must not keep a run from its end.
 */
export async function readItem(store: Store, runId: string, item: Item): Promise<ItemLine> {
  const leftOut: string[] = [];
  const read = async <T>(ledger: LedgerName, schema: z.ZodType<T>): Promise<Found<T> | undefined> => {
    try {
      const key = runKeys(runId).record(ledger, item.id);
      const value = await readJson(store, key, schema, MOST_LINE_CHARACTERS);
      return value === undefined ? undefined : { value };
    } catch (error) {
      if (!(error instanceof UnreadableRecordError || error instanceof NewerVersionError)) throw error;
      leftOut.push(error.message);
      return { value: undefined };
    }
  };
  const [landed, result] = await Promise.all([
    item.kind === 'source' ? read('landed', landedSchema) : undefined,
    item.process === null ? undefined : read('results', resultSchema),
  ]);
  const isDone = (item.process === null ? landed : result) !== undefined;
  const failure = isDone ? undefined : await read('failures', failureSchema);
  return {
    item: item.id,
    name: itemName(item),
    kind: item.kind,
    status: isDone ? 'done' : failure === undefined ? 'missing' : 'failed',
    ...(item.kind === 'source' && landed?.value === undefined && { url: redactUrl(item.url) }),
    ...(isDone && loadOf(item, landed?.value)),
    ...(landed?.value && { landed: landed.value }),
    ...(result?.value && { result: result.value }),
    ...(failure?.value && { failure: failure.value }),
    ...(leftOut.length > 0 && { leftOut }),
  };
}

/** `append` adds what is new: an object that this run found unchanged is in the table already, unless the run is about its rest. */
function loadOf(item: Item, landed: LandedRecord | undefined): Pick<ItemLine, 'load'> {
  if (item.kind !== 'source' || item.load === undefined) return {};
  const isNew = landed?.status === 'landed' || item.landedIn !== undefined;
  return { load: { table: item.load.table, heldBack: item.load.mode === 'append' && !isNew } };
}

/** A record that is there, and what it holds where it can be read. */
interface Found<T> {
  readonly value: T | undefined;
}

/**
 * The item as a line of `items.jsonl`, no longer than readers take: of a longer one the processor's own result and its
 * outputs are left out, which the item's own record has. Nothing else in a line grows without a bound.
 */
export function toLine(item: ItemLine): string {
  const line = JSON.stringify(item);
  if (line.length <= MOST_LINE_CHARACTERS || item.result === undefined) return line;
  const { runId } = item.result;
  const record = runKeys(runId).record('results', item.item);
  return JSON.stringify({
    ...item,
    result: { ...item.result, result: null, outputs: [] },
    leftOut: [
      ...(item.leftOut ?? []),
      `the result and its ${item.result.outputs.length} outputs are too long for a line: see ${record}`,
    ],
  });
}
