import type { Note } from '#run/problem/note.ts';
import type { Problem } from '#run/problem/problem.ts';
import { countText } from '#run/quantities.ts';
import { EXIT, exitCodeOf } from '../exit-code.ts';
import type { Screen } from './screen.ts';
import { indented, oneLine } from './shown.ts';
import { wrapped } from './wrapped.ts';

/** A problem in one sentence, for a list or a line: what happened, and what to do. */
export function problemSentence(problem: Problem): string {
  return `${problem.detail}: ${mendText(problem)}`;
}

/** What to do, with the settings that would permit it. */
function mendText({ mend, allowedBy }: Problem | Note): string {
  return allowedBy === 'never' ? mend : `${mend} (${allowedBy})`;
}

/** A problem that consists of several: a person corrects all of them in one go. */
export interface Listed extends Problem {
  /** Each is a sentence that says what is wrong, and what to do. */
  readonly problems?: readonly string[];
}

/**
 * A problem as the last output of a command: its code and what happened, then what to do, then where to read more.
 *
 * @param width the columns of the terminal; without one, each sentence stays in one line.
 */
export function problemText(problem: Listed, paint: Screen['paint'], width = Number.POSITIVE_INFINITY): string {
  const { code, detail, problems = [] } = problem;
  const [first = '', ...more] =
    problems.length > 1 ? [detail.split('\n')[0] ?? '', ...problems.map(asPoint)] : detail.split('\n');
  const head = wrapped(`${code}: ${first}`, width, '    ').slice(code.length);
  const lines = more.map((line) => indented(`\n${wrapped(oneLine(line), width - 4, '  ')}`).slice(1));
  return [`${paint('bad', code)}${head}`, ...lines, mendBlock(problem, paint, width)].join('\n');
}

function asPoint(problem: string): string {
  return `- ${problem}`;
}

/** What to do about a problem, and where to read more. */
export function mendBlock(problem: Problem, paint: Screen['paint'], width = Number.POSITIVE_INFINITY): string {
  const { mend, type, logs } = problem;
  // A mistake in the use of a command has no log lines.
  const hasLogs = logs !== undefined && !mend.includes(logs) && exitCodeOf(problem) !== EXIT.usage;
  return [
    `  ${wrapped(`→ ${mendText(problem)}`, width - 2, '    ')}`,
    ...(hasLogs ? [`  → "${logs}"`] : []),
    paint('dim', `  ${type}`),
  ].join('\n');
}

/** A failed item as one row of several: its name, the stage at which it failed, the code, and what happened. */
export function failureText(
  { name, stage, problem }: { readonly name: string; readonly stage: string; readonly problem: Problem },
  paint: Screen['paint'],
): string {
  return `${oneLine(name)} (${stage}) ${paint('bad', oneLine(problem.code))}: ${indented(problem.detail)}`;
}

/** What happened around a run as one row of several. */
export function noteText({ code, detail }: Note, paint: Screen['paint']): string {
  return `${paint('warning', oneLine(code))}: ${indented(detail)}`;
}

/** What to do about several failures: each code once, with the number of its failures. */
export function mendLines(problems: readonly (Problem | Note)[], noun = 'item'): string[] {
  const byCode = Map.groupBy(problems, ({ code }) => code);
  return [...byCode].flatMap(([code, [first, ...more]]) => {
    if (first === undefined) return [];
    if (more.length === 0) return [`${oneLine(code)}: ${oneLine(mendText(first))}`];
    // The names of the first failed item were filled into the mend.
    const item = first.logs?.split(' ').at(-1) ?? '';
    const mend = item === '' ? mendText(first) : mendText(first).replaceAll(item, 'ITEM');
    return [`${oneLine(code)} (${countText(more.length + 1, noun)}): ${oneLine(mend)}`];
  });
}
