import { GetObjectCommand } from '@aws-sdk/client-s3';
import type { z } from 'zod';
import { redactUrl } from '#net/redact.ts';
import { readLines } from '../input/lines.ts';
import { type Item, itemName } from '../item.ts';
import { type LedgerName, runKeys } from '../keys.ts';
import { failureSchema, type LandedRecord, landedSchema, resultSchema } from '../ledger/records.ts';
import { NewerVersionError } from '../newer-version.ts';
import { readJson, type Store, UnreadableRecordError } from '../store.ts';
import { type ItemLine, itemLineSchema, MOST_LINE_CHARACTERS } from './manifest.ts';

/**
 * Reads all records of one item from the ledger. It requests each record by name. A listing would show which records
 * exist, but each has to be read anyway, and a request for a record that does not exist costs one small answer.
 *
 * An item is done when it has a result, or when it has landed and has no processor. A result that came after a failure
 * overrides the failure. A record that can't be read is named in `leftOut`: one item must not keep a run from its end.
 */
export async function readItem(store: Store, runId: string, item: Item): Promise<ItemLine> {
  const leftOut: string[] = [];
  const read = async <T>(ledger: LedgerName, schema: z.core.$ZodType<T>): Promise<Found<T> | undefined> => {
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
    ...loadOf(item, landed?.value),
    ...(landed?.value && { landed: landed.value }),
    ...(result?.value && { result: result.value }),
    ...(failure?.value && { failure: failure.value }),
    ...(leftOut.length > 0 && { leftOut }),
  };
}

/**
 * `append` adds only what is new. An object that this run found unchanged is already in the table, unless the run
 * repeats the rest of an earlier run.
 */
function loadOf(item: Item, landed: LandedRecord | undefined): Pick<ItemLine, 'load'> {
  if (item.kind !== 'source' || item.load === undefined) return {};
  const isNew = landed?.status === 'landed' || item.landedIn !== undefined;
  return { load: { table: item.load.table, heldBack: item.load.mode === 'append' && !isNew } };
}

/** A record that exists, and its content if it can be read. */
interface Found<T> {
  readonly value: T | undefined;
}

/** Reads the lines of `items.jsonl`, or of one of the pieces that it is joined from. */
export async function* readItemLines({ client, bucket }: Store, key: string): AsyncGenerator<ItemLine> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  for await (const line of readLines(Body as AsyncIterable<Uint8Array>, MOST_LINE_CHARACTERS)) {
    yield itemLineSchema.parse(JSON.parse(line));
  }
}

/**
 * The item as a line of `items.jsonl`, no longer than its readers accept. A longer line leaves out the processor's
 * result and its outputs; the item's own record contains them. No other field of a line is unbounded.
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
