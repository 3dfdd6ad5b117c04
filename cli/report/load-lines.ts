import type { LoadOutcome } from '#run/end/manifest.ts';
import { countText } from '#run/quantities.ts';
import { mendLines } from '../screen/problem-text.ts';
import type { Screen } from '../screen/screen.ts';
import { indented, oneLine } from '../screen/shown.ts';
import { renderTable } from '../screen/table.ts';
import { toneOf } from '../screen/tones.ts';

/** Describes the tables of the warehouse that a run loads: what was loaded, and why a load failed. */
export function loadLines(loads: readonly LoadOutcome[], { width, paint }: Pick<Screen, 'width' | 'paint'>): string[] {
  if (loads.length === 0) return [];
  const table = renderTable(
    [
      { head: 'table', width: 60 },
      { head: 'mode', drop: 2 },
      { head: 'load', tone: toneOf },
      { head: 'rows', align: 'right' },
      { head: 'files', align: 'right' },
      { head: 'seconds', align: 'right', drop: 3 },
      { head: 'not loaded', drop: 1 },
    ],
    loads.map(rowOf),
    width,
    paint,
  );
  const problems = loads.flatMap(({ table: name, problem }) => (problem === null ? [] : [{ name, problem }]));
  const said = problems.map(
    ({ name, problem }) =>
      `  ${oneLine(name)} ${paint('bad', oneLine(problem.code))}: ${indented(detailOf(name, problem))}`,
  );
  const mend = mendLines(
    problems.map(({ problem }) => problem),
    'table',
  ).map((line) => `  ${line}`);
  return [table, ...(said.length === 0 ? [] : [`${paint('bad', 'Not loaded')}:`, ...said, 'What to do:', ...mend])];
}

/** The message of a failed load begins with its table, so it is clear without its context. */
function detailOf(name: string, { detail }: { readonly detail: string }): string {
  return detail.startsWith(`${name}: `) ? detail.slice(name.length + 2) : detail;
}

function rowOf({ table, mode, state, rows, objects, seconds, heldBack, notDone }: LoadOutcome): string[] {
  return [
    table,
    mode,
    state,
    rows?.toLocaleString('en') ?? '-',
    objects.toLocaleString('en'),
    seconds === null ? '-' : seconds.toFixed(1),
    [
      ...(heldBack > 0 ? [`${heldBack.toLocaleString('en')} unchanged`] : []),
      ...(notDone > 0 ? [`${countText(notDone, 'item')} failed or missing`] : []),
    ].join(', '),
  ];
}
