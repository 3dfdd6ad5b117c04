import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import type { Problem } from '#run/problem/problem.ts';
import { EXIT, exitCodeOf } from './exit-code.ts';
import { explain } from './explain.ts';
import { sluiceProgram, type Terminal } from './program.ts';
import { problemText } from './screen/problem-text.ts';
import { UsageError } from './usage-error.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/**
 * Runs one command line.
 *
 * @param args what the person typed behind `sluice`.
 * @returns the exit code. What went wrong has been said on the screen.
 */
export async function sluice(args: readonly string[], terminal: Terminal): Promise<number> {
  const { screen, signal } = terminal;
  let code: number = EXIT.complete;
  const program = sluiceProgram(version, terminal, (ended) => {
    code = ended;
  });
  try {
    if (args.length === 0) {
      program.outputHelp({ error: true });
      return EXIT.usage;
    }
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    screen.clear();
    // Help or the version was asked for, and printed.
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.complete;
    const problem = problemIn(error, signal);
    screen.say(args.includes('--json') ? JSON.stringify(problem) : problemText(problem, screen.paint));
    return exitCodeOf(problem);
  }
}

function problemIn(error: unknown, signal: AbortSignal): Problem {
  if (error instanceof CommanderError) return explain(new UsageError(error.message.replace(/^error: /, '')));
  return explain(signal.aborted ? { message: 'the command was interrupted', code: 'interrupted' } : error);
}
