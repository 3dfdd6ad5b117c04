import { Readable } from 'node:stream';
import { InvalidInputError } from '#run/errors.ts';
import { executionInputSchema } from '#run/input/input.ts';
import type { Item } from '#run/item.ts';
import type { ListBytes } from '#run/list/list-bytes.ts';
import { itemsOfInput, itemsOfList, seeItem } from '#run/plan/items.ts';
import { knownProcessors } from './known-processors.ts';

/** A list of sources on this machine, and the key to upload it to. */
export interface LocalList {
  readonly key: string;
  readonly body: Buffer;
}

/** What Plan would make from an input now. */
export interface PlannedNow {
  /** How many items the run would have. */
  readonly count: number;
  /** The first of them. */
  readonly items: readonly Item[];
}

/** The number of items that are kept for a person or a program to read; a list may have a million. */
const KEPT = 10_000;
/** A person corrects all of them in one go. A list may have a million wrong lines, which nobody reads. */
const MOST_PROBLEMS = 1_000;

/**
 * Returns the items that an input and its list name, read with Plan's own code, with templates filled from the present
 * time. It leaves out what only the deployment knows: an earlier run, a list in another place, and the settings.
 *
 * @param name the user's name for the list.
 * @throws InvalidInputError with the first problems of keys, templates and lines, and with sources for the same key;
 * SourceListError.
 */
export async function plannedNow(
  input: Record<string, unknown>,
  list?: { readonly name: string; readonly body: Buffer },
): Promise<PlannedNow> {
  const parsed = executionInputSchema.parse(input);
  const defaults = {
    scheduledTime: parsed.scheduledTime === undefined ? new Date() : new Date(parsed.scheduledTime),
    timeZone: parsed.timeZone,
    process: parsed.process,
    load: parsed.load,
    processors: knownProcessors(),
  };
  const problems: string[] = [];
  let more = 0;
  const report = (problem: string) => {
    if (problems.length < MOST_PROBLEMS) problems.push(problem);
    else more += 1;
  };
  const items: Item[] = [];
  const seen = new Set<string>();
  const add = (item: Item) => {
    seeItem(seen, item, report);
    if (items.length < KEPT) items.push(item);
  };
  for (const item of itemsOfInput(parsed, defaults, report)) add(item);
  if (list !== undefined) {
    await using bytes = bytesOf(list);
    for await (const item of itemsOfList(bytes, list.name, parsed.sourcesFrom?.format, defaults, report)) add(item);
    if (seen.size === 0 && problems.length === 0) report(`${list.name}: the list names no source`);
  }
  if (problems.length > 0) throw new InvalidInputError(more === 0 ? problems : [...problems, `and ${more} more`]);
  return { count: seen.size, items };
}

function bytesOf({ name, body }: { readonly name: string; readonly body: Buffer }): ListBytes {
  return {
    name,
    fileName: name,
    read: async () => Readable.from([body]),
    [Symbol.asyncDispose]: async () => undefined,
  };
}
