import { itemId } from '../ids.ts';
import { processorProblem } from '../input/deployed-processors.ts';
import { describeIssue, REPORTING } from '../input/describe-issue.ts';
import { type ExecutionInput, type SourceInput, sourceInputSchema, type WorkInput } from '../input/input.ts';
import { keyProblem, lookOfKey } from '../input/key-problem.ts';
import type { Load } from '../input/load.ts';
import { isTooDeep, MOST_LEVELS } from '../input/nesting.ts';
import { quoted } from '../input/quoted.ts';
import { filled, type Report } from '../input/template.ts';
import { type Item, itemName, type Process, type SourceItem, type WorkItem } from '../item.ts';
import type { ListBytes } from '../list/list-bytes.ts';
import { readSourceList } from '../list/source-list.ts';
import { destinationProblem, stemOf } from '../published/destination.ts';

/** What all items of a run have in common. */
export interface ItemDefaults {
  readonly scheduledTime: Date;
  readonly timeZone: string;
  readonly process: Process | null;
  /** The default table of the warehouse for sources that name none. @default no table */
  readonly load?: Load | null;
  /** The processors that the deployment's workers have. */
  readonly processors: readonly string[] | undefined;
}

/** Makes an item of the plan from a source of the input. Reports each problem, and then returns undefined. */
export function sourceItem(
  source: SourceInput,
  where: string,
  defaults: ItemDefaults,
  report: Report,
): SourceItem | undefined {
  const url = filled(source.url, `${where}.url`, defaults, report);
  const key = source.key === undefined ? url && keyOfUrl(url) : filled(source.key, `${where}.key`, defaults, report);
  if (url === undefined || key === undefined) return undefined;
  const problem = URL.canParse(url) ? keyProblem(key) : 'is not a URL after its template was filled';
  if (problem !== undefined) {
    const hint = source.key === undefined ? ` (the URL's own name is ${quoted(key)}; give a key)` : '';
    report(`${where}.${URL.canParse(url) ? 'key' : 'url'}: ${problem}${hint}`);
    return undefined;
  }
  const { process: own, load: ownLoad, url: _url, key: _key, ...rest } = source;
  const process = destined(own === undefined ? defaults.process : own, key, `${where}.process`, defaults, report);
  const load = ownLoad === undefined ? (defaults.load ?? null) : ownLoad;
  return {
    kind: 'source',
    id: itemId(url, key),
    url,
    key,
    process,
    ...rest,
    ...(load !== null && { load: withFormat(load, process, `${where}.load`, report) }),
  };
}

/** Returns a load with the format of its files filled in. */
function withFormat(load: Load, process: Process | null, where: string, report: Report): Load {
  const isParquet = process?.processor === 'parquet';
  const format = load.options.format ?? (isParquet ? 'parquet' : undefined);
  if (format === undefined) {
    report(`${where}.options.format: is needed, csv or json, unless the processor parquet makes the files`);
    return load;
  }
  const { partitionBy } = process?.options ?? {};
  if (isParquet && format === 'parquet' && Array.isArray(partitionBy) && partitionBy.length > 0) {
    report(
      `${where}: COPY doesn't read the columns that partitionBy stores in the names of folders: remove partitionBy`,
    );
  }
  return { ...load, options: { ...load.options, format } };
}

/** Makes an item from an entry of a list that no schema has checked yet. */
export function listedItem(
  value: unknown,
  where: string,
  defaults: ItemDefaults,
  report: Report,
): SourceItem | undefined {
  if (isTooDeep(value)) {
    report(`${where}: is nested deeper than ${MOST_LEVELS} levels`);
    return undefined;
  }
  const parsed = sourceInputSchema.safeParse(value, REPORTING);
  if (parsed.success) {
    const { process } = parsed.data;
    const problem = process && processorProblem(process.processor, defaults.processors);
    if (problem) report(`${where}.process: ${problem}`);
    return sourceItem(parsed.data, where, defaults, report);
  }
  for (const issue of parsed.error.issues) report(describeIssue(issue, where));
  return undefined;
}

/**
 * The items of a list. Reports each problem of an entry, and then leaves the entry out.
 *
 * @param name of the list in problems.
 */
export async function* itemsOfList(
  list: ListBytes,
  name: string,
  format: NonNullable<ExecutionInput['sourcesFrom']>['format'],
  defaults: ItemDefaults,
  report: Report,
): AsyncGenerator<SourceItem> {
  for await (const entry of readSourceList(list, format)) {
    const where = `${name} ${entry.where}`;
    if ('problem' in entry) report(`${where}: ${entry.problem}`);
    else {
      const item = listedItem(entry.value, where, defaults, report);
      if (item !== undefined) yield item;
    }
  }
}

/**
 * Adds an item to those that were seen, and reports an item that was seen before. Only one hash is kept for each item:
 * a million keys of 1,000 bytes, or two sets, would not fit into memory.
 */
export function seeItem(seen: Set<string>, item: Item, report: Report): void {
  const hash = item.kind === 'source' ? itemId(lookOfKey(item.key)) : item.id;
  if (seen.has(hash)) {
    const problem =
      item.kind === 'source' ? 'two sources would land at this key, or at keys that look the same' : 'is named twice';
    report(`${itemName(item)}: ${problem}`);
  }
  seen.add(hash);
}

/** An item of work, which only uses the queue. All its fields make up its id, so that a repeated line is noticed. */
export function workItem(work: WorkInput, where: string, defaults: ItemDefaults, report: Report): WorkItem {
  const id = itemId('work', work.name ?? '', work.processor, JSON.stringify([work.options, work.input]));
  const name = work.name ?? `${work.processor} ${id.slice(0, 8)}`;
  const { processor, options, input, to, mode } = work;
  const process = { processor, options, ...(to !== undefined && { to }), ...(mode !== undefined && { mode }) };
  return { kind: 'work', id, name, process: destined(process, name, where, defaults, report) ?? process, input };
}

/**
 * Fills the template in a processor's destination: `{name}` is the item's own name without folders and endings; the
 * fields of time are those of URLs and keys.
 */
export function destined(
  process: Process | null,
  name: string,
  where: string,
  defaults: Pick<ItemDefaults, 'scheduledTime' | 'timeZone'>,
  report: Report,
): Process | null {
  if (process?.to === undefined) {
    if (process?.mode !== undefined) report(`${where}.mode: needs "to", the prefix under which outputs are published`);
    return process;
  }
  const to = filled(process.to.replaceAll('{name}', stemOf(name)), `${where}.to`, defaults, report);
  const problem = to === undefined ? undefined : destinationProblem(to);
  if (problem !== undefined) report(`${where}.to: ${problem}`);
  return { ...process, ...(to !== undefined && { to }) };
}

/** Lists everything that an input names, in its order, except what `sourcesFrom` lists. */
export function* itemsOfInput(
  input: Pick<ExecutionInput, 'sources' | 'work'>,
  defaults: ItemDefaults,
  report: Report,
): Generator<SourceItem | WorkItem> {
  for (const [index, source] of (input.sources ?? []).entries()) {
    const item = sourceItem(source, `sources[${index}]`, defaults, report);
    if (item !== undefined) yield item;
  }
  for (const [index, work] of (input.work ?? []).entries()) yield workItem(work, `work[${index}]`, defaults, report);
}

/** The key of a source that states none: the host and path of its URL, so that two hosts never get the same key. */
function keyOfUrl(url: string): string | undefined {
  const parsed = URL.parse(url);
  if (parsed === null) return undefined;
  let path = parsed.pathname;
  try {
    path = decodeURIComponent(path);
  } catch {
    // A path with a single % stays unchanged: it is still a valid key.
  }
  return `raw/${parsed.hostname}${path}`;
}
