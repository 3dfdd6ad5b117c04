import { printable } from '#net/printable.ts';
import { cut } from '#net/short-text.ts';
import type { ItemLine } from '#run/end/manifest.ts';
import { rowsOf } from '#run/end/totals.ts';
import type { PageItem } from '../browser/kit.js';
import { isPlainWord } from '../commands.ts';

/** The limit of a text on a page. `items.jsonl` has the whole text. */
const MOST_NAME = 1_100;
const MOST_TEXT = 600;
const MOST_COLUMNS = 1_500;
const OUTPUTS = 12;
/** `output/<run>/<item>/<attempt>/` */
const TRY_FOLDER = /^output\/[^/]+\/[^/]+\/[^/]+\//;

/** The states that only the page of a run under way shows. */
type Status = ItemLine['status'] | 'unchanged' | 'skipped' | 'under way' | 'not started';

/**
 * What a page shows of an item.
 *
 * @param startMs the start of the run, from which times are counted.
 * @param status of an item of a run that has not ended. @default the status of the line
 */
export function pageItem(line: ItemLine, startMs: number, status: Status = statusOf(line)): PageItem {
  const { landed, result, failure, leftOut = [] } = line;
  const name = shown(line.name, MOST_NAME);
  const url = landed?.url ?? line.url;
  const notes = [...(landed?.notes ?? []), ...leftOut];
  return compact({
    name,
    status,
    id: isPlainWord(name) ? undefined : line.item,
    key: landed !== undefined && landed.key !== name ? landed.key : undefined,
    landed: landed === undefined ? undefined : true,
    url: url === undefined ? undefined : shown(url, MOST_TEXT * 2),
    bytes: landed?.bytes,
    proofs: landed?.proofs.held.join(', ') || undefined,
    notChecked: landed?.proofs.notChecked.join('; ') || undefined,
    parts: landed?.parts,
    retries: landed?.retries,
    peakMiB: landed?.peakMemoryMiB === undefined ? undefined : Math.round(landed.peakMemoryMiB),
    notes: notes.length === 0 ? undefined : shown(notes.join(' '), MOST_TEXT),
    ...timesOf(line, startMs),
    ...(failure && {
      error: shown(failure.problem.title, 100),
      message: shown(failure.problem.detail, MOST_TEXT),
      attempts: failure.attempts,
    }),
    ...(result && workOf(result)),
  });
}

function statusOf({ status, landed, result }: ItemLine): Status {
  // If a processor has made a result, the item counts as changed.
  if (status !== 'done' || result !== undefined || landed === undefined) return status;
  return landed.status === 'landed' ? 'done' : landed.status;
}

function timesOf({ landed, result }: ItemLine, startMs: number) {
  const landedMs = landed === undefined ? undefined : Date.parse(landed.at);
  const transfer = landed === undefined ? undefined : Math.round(landed.seconds * 1_000);
  const work = result === undefined ? undefined : Math.round(result.seconds * 1_000);
  const workFromMs = result === undefined || work === undefined ? undefined : Date.parse(result.at) - work;
  const begin = landedMs === undefined ? workFromMs : landedMs - (transfer ?? 0);
  return {
    start: begin === undefined ? undefined : Math.max(0, begin - startMs),
    transfer,
    // Clocks of two machines differ by some milliseconds.
    queue: landedMs === undefined || workFromMs === undefined ? undefined : Math.max(0, workFromMs - landedMs),
    work,
  };
}

function workOf({ processor, attempt, worker, outputs, publishedTo, result }: NonNullable<ItemLine['result']>) {
  const said = (typeof result === 'object' && result !== null ? result : {}) as Record<string, unknown>;
  const { rows, badRows } = rowsOf(result);
  const seen = listOf(said.badRowsSeen).map(({ line, reason }) =>
    typeof line === 'number' ? ` line ${line}: ${String(reason)}` : ` ${String(reason)}`,
  );
  const columns = listOf(said.statistics).length > 0 ? listOf(said.statistics) : listOf(said.schema);
  const names = columns.map(({ name, type }) => `${String(name)} ${String(type)}`);
  const listed =
    names.length > 0 ? names : Array.isArray(said.columnNames) ? said.columnNames.map((name) => String(name)) : [];
  return {
    processor: shown(processor, 100),
    attempts: attempt,
    worker: shown(worker, 100),
    rows,
    badRows,
    badRowsSeen: seen.length === 0 ? undefined : shown(seen.join(';'), MOST_TEXT),
    format: typeof said.format === 'string' ? shown(said.format, 100) : undefined,
    columns: typeof said.columns === 'number' ? said.columns : undefined,
    columnList: listed.length === 0 ? undefined : shown(listed.join(', '), MOST_COLUMNS),
    ...outputsOf(outputs),
    publishedTo: publishedTo === undefined ? undefined : shown(publishedTo, MOST_NAME),
  };
}

/** The first outputs, without their common folder: for most items this is the folder of the attempt. */
function outputsOf(outputs: NonNullable<ItemLine['result']>['outputs']) {
  const [first] = outputs;
  if (first === undefined) return {};
  const folder = TRY_FOLDER.exec(first.key)?.[0] ?? '';
  const shared = outputs.every(({ key }) => key.startsWith(folder)) ? folder : '';
  return {
    outputFolder: shared === '' ? undefined : shared,
    outputs: outputs.slice(0, OUTPUTS).map(({ key, bytes }) => [key.slice(shared.length), bytes] as const),
    moreOutputs: outputs.length > OUTPUTS ? outputs.length - OUTPUTS : undefined,
  };
}

/** The objects of a list that a processor's result may have. */
function listOf(value: unknown): Record<string, unknown>[] {
  if (!Array.isArray(value)) return [];
  return value.filter((one): one is Record<string, unknown> => typeof one === 'object' && one !== null);
}

/** Shortens a text from elsewhere, with invisible characters made visible. */
function shown(text: string, most: number): string {
  return printable(cut(text, most), { lines: false });
}

function compact<T extends object>(item: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(item).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
