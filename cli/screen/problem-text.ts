import type { Note } from '#run/problem/note.ts';
import type { Problem } from '#run/problem/problem.ts';
import { countText } from '#run/quantities.ts';
import { EXIT, exitCodeOf } from '../exit-code.ts';
import type { Screen } from './screen.ts';
import { indented, oneLine } from './shown.ts';

/** A problem in one sentence, for a list or a line: what happened, and what to do. */
export function problemSentence(problem: Problem): string {
  return `${problem.detail}: ${mendText(problem)}`;
}

/** What to do, with the settings that would permit it. */
function mendText({ mend, allowedBy }: Problem | Note): string {
  return allowedBy === 'never' ? mend : `${mend} (${allowedBy})`;
}

/** A problem as the last output of a command: its code and what happened, then what to do, then where to read more. */
export function problemText(problem: Problem, paint: Screen['paint']): string {
  return `${paint('bad', problem.code)}: ${indented(problem.detail)}\n${mendBlock(problem, paint)}`;
}

/** What to do about a problem, and where to read more. */
export function mendBlock(problem: Problem, paint: Screen['paint']): string {
  const { mend, type, logs } = problem;
  // A mistake in the use of a command has no log lines.
  const hasLogs = logs !== undefined && !mend.includes(logs) && exitCodeOf(problem) !== EXIT.usage;
  return [`  → ${mendText(problem)}`, ...(hasLogs ? [`  → "${logs}"`] : []), paint('dim', `  ${type}`)].join('\n');
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
