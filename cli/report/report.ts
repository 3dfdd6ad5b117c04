import type { ItemLine, Manifest } from '#run/end/manifest.ts';
import { bytesText, countText, secondsText } from '#run/quantities.ts';
import { failureText, mendLines, noteText } from '../screen/problem-text.ts';
import type { Screen } from '../screen/screen.ts';
import { indented, oneLine } from '../screen/shown.ts';
import { renderTable } from '../screen/table.ts';
import { toneOf } from '../screen/tones.ts';
import { loadLines } from './load-lines.ts';

const MIB = 1_024 * 1_024;
/** The number of items, and of names in each list, that a report for a terminal shows. */
const SHOWN = 50;

/** How a report is drawn: with the width and the colours of the terminal. */
export type Look = Pick<Screen, 'width' | 'paint'>;

const PLAIN: Look = { width: Number.POSITIVE_INFINITY, paint: (_, text) => text };

/**
 * Formats a run's manifest for a terminal: the outcome, each failure with its reason, the names of missing items, then
 * a table of the first items.
 *
 * @param items the lines of `items.jsonl`; only the first 50 are read.
 */
export async function renderRun(
  manifest: Manifest,
  items: AsyncIterable<ItemLine> | Iterable<ItemLine>,
  { width, paint }: Look = PLAIN,
): Promise<string> {
  const rows: string[][] = [];
  for await (const line of items) {
    rows.push(itemRow(line));
    if (rows.length === SHOWN) break;
  }
  const table = renderTable(
    [
      { head: 'item', width: 60 },
      { head: 'status', tone: toneOf },
      { head: 'bytes', align: 'right' },
      { head: 'seconds', align: 'right', drop: 4 },
      { head: 'MiB/s', align: 'right', drop: 3 },
      { head: 'parts', align: 'right', drop: 7 },
      { head: 'retries', align: 'right', drop: 6 },
      { head: 'peak MiB', align: 'right', drop: 8 },
      { head: 'proofs', width: 40, drop: 5 },
      { head: 'processed', cut: 'end' },
    ],
    rows,
    width,
    paint,
  );
  const { counts } = manifest;
  const sections = [
    headline(manifest, paint),
    list(
      paint('bad', 'Failed'),
      counts.failed,
      manifest.failed.map((failure) => failureText(failure, paint)),
    ),
    whatToDo(manifest.failed.map(({ problem }) => problem)),
    list(
      paint('warning', 'Missing'),
      counts.missing,
      manifest.missing.map(({ name, landed }) => `${oneLine(name)}${landed ? ' (landed, not processed)' : ''}`),
    ),
    loadLines(manifest.loads, { width, paint }).join('\n'),
    list(
      'Notes',
      manifest.notes.length,
      manifest.notes.map((note) => noteText(note, paint)),
    ),
    whatToDo(manifest.notes, 'note'),
    table,
    counts.items > rows.length
      ? `… and ${(counts.items - rows.length).toLocaleString('en')} more items in items.jsonl`
      : '',
  ];
  return sections.filter((section) => section !== '').join('\n\n');
}

/** What to do about several problems, or nothing if there are no problems. */
function whatToDo(problems: Parameters<typeof mendLines>[0], noun?: string): string {
  if (problems.length === 0) return '';
  return ['What to do:', ...mendLines(problems, noun).map((line) => `  ${line}`)].join('\n');
}

/** A run that a person has stopped did not fail by itself. */
function endOf(outcome: Manifest['outcome'], problem: Manifest['problem']): string {
  return problem?.code === 'run-stopped' ? 'stopped' : outcome;
}

/** The last line of a report, short enough for a log: `Run night is complete: 12 of 12 done.` */
export function lastWord(
  { runId, outcome, counts, problem }: Manifest,
  { paint }: Look = PLAIN,
  { withRetry = true } = {},
): string {
  const left = [
    ...(counts.failed > 0 ? [`${counts.failed} failed`] : []),
    ...(counts.missing > 0 ? [`${counts.missing} missing`] : []),
  ];
  const retry = withRetry ? `: "npx sluice retry ${runId}" runs the failed and missing items again` : '';
  const more = left.length === 0 ? '' : `, ${left.join(', ')}${retry}`;
  const end = endOf(outcome, problem);
  const word = end === 'failed' ? 'has failed' : end === 'stopped' ? 'was stopped' : `is ${end}`;
  return `${paint(toneOf(end) ?? 'dim', `Run ${runId} ${word}`)}: ${counts.done} of ${counts.items} done${more}.`;
}

function headline(
  { runId, outcome, counts, bytes, startedAt, closedAt, problem }: Manifest,
  paint: Look['paint'],
): string {
  const seconds = (Date.parse(closedAt) - Date.parse(startedAt)) / 1_000;
  const numbers = `${counts.done} of ${counts.items} done, ${counts.failed} failed, ${counts.missing} missing`;
  const word = endOf(outcome, problem);
  const why = problem === null ? '' : `${paint('bad', oneLine(problem.code))}: ${indented(problem.detail)}\n`;
  return `Run ${runId}: ${paint(toneOf(word) ?? 'dim', word)}\n${why}${numbers}; ${bytesText(bytes)} landed; ${secondsText(seconds)}`;
}

function itemRow({ name, status, landed, result }: ItemLine): string[] {
  // Only objects that this run transferred have a speed.
  const speed = landed?.status === 'landed' && landed.seconds > 0 ? landed.bytes / MIB / landed.seconds : undefined;
  return [
    name,
    status === 'done' && landed !== undefined ? landed.status : status,
    landed?.bytes.toLocaleString('en') ?? '',
    landed?.seconds.toFixed(2) ?? '',
    speed?.toFixed(1) ?? '',
    String(landed?.parts ?? ''),
    String(landed?.retries ?? ''),
    landed?.peakMemoryMiB?.toFixed(0) ?? '',
    landed?.proofs.held.join(', ') ?? '',
    result === undefined
      ? ''
      : `${result.processor} ${result.seconds.toFixed(1)} s${summary(result.result)}${placeOf(result)}`,
  ];
}

function placeOf({ publishedTo, published = [] }: NonNullable<ItemLine['result']>): string {
  if (publishedTo === undefined) return '';
  return ` → ${oneLine(publishedTo)} (${countText(published.length, 'file')})`;
}

/** A short form of a processor's own result: `: csv, 3,376 rows, 5 columns`. */
function summary(result: unknown): string {
  if (typeof result !== 'object' || result === null) return '';
  const values = Object.entries(result).flatMap(([name, value]) => {
    // Bytes have a column of their own, and zeros are left out.
    if (typeof value === 'number' && value > 0 && !/bytes|skipped/i.test(name))
      return [countText(value, wordsOf(name).replace(/(?<![su])s$/, ''), wordsOf(name))];
    return name === 'format' ? [String(value)] : [];
  });
  return values.length === 0 ? '' : `: ${values.slice(0, 3).join(', ')}`;
}

/** The name of a result's field as words: `badRows` is "bad rows". */
function wordsOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function list(head: string, count: number, lines: readonly string[]): string {
  if (count === 0) return '';
  const shown = lines.slice(0, SHOWN).map((line) => `  ${line}`);
  const more = count > shown.length ? [`  … and ${count - shown.length} more`] : [];
  return [`${head}:`, ...shown, ...more].join('\n');
}
