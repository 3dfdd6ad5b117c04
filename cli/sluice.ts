import { readFileSync } from 'node:fs';
import { type Command, CommanderError } from 'commander';
import { CommandError } from './command-error.ts';
import { runIdOf } from './deployment/run-id.ts';
import { EXIT, exitCodeOf } from './exit-code.ts';
import { explain } from './explain.ts';
import { problemsOf } from './input/mistakes.ts';
import { sluiceProgram, type Terminal } from './program.ts';
import { onLocal } from './screen/on-local.ts';
import { type Listed, problemText } from './screen/problem-text.ts';
import { UsageError } from './usage-error.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/**
 * Runs one command line.
 *
 * @param args what the person typed after `sluice`.
 * @returns the exit code. Errors were shown on the screen.
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
    // Commander has printed the help or the version.
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.complete;
    const command = program.commands.find((one) => one.name() === args[0]);
    const problem = problemIn(error, command, signal);
    screen.say(
      args.includes('--json') ? JSON.stringify(problem) : problemText(problem, screen.paintBeside, screen.widthBeside),
    );
    return exitCodeOf(problem);
  }
}

/** Makes the problem that the person is shown, with the run and the deployment that the command named. */
function problemIn(error: unknown, command: Command | undefined, signal: AbortSignal): Listed {
  const what = thrown(error, signal);
  // The log of the run contains nothing about an error of the command itself.
  const { logs: _, ...one } = explain(what, runOf(command));
  // The detail is cut if it is long, and the list has all problems.
  const problem = exitCodeOf(one) === EXIT.usage ? { ...one, problems: problemsOf(what) } : one;
  if (problem.code === 'usage' && command !== undefined) {
    return { ...problem, mend: `"npx sluice ${command.name()} --help" shows how it is used` };
  }
  if (command?.opts().local !== true) return problem;
  return { ...problem, mend: onLocal(problem.mend) };
}

function thrown(error: unknown, signal: AbortSignal): unknown {
  if (error instanceof CommanderError) return new UsageError(error.message.replace(/^error: /, ''));
  if (!signal.aborted || error instanceof CommandError) return error;
  return { message: 'the command was interrupted', code: 'interrupted' };
}

/** Returns the run that a command was given. */
function runOf(command: Command | undefined): string | undefined {
  const at = command?.registeredArguments.findIndex((argument) => argument.name() === 'run') ?? -1;
  const given: unknown = command?.processedArgs[at];
  return typeof given === 'string' ? runIdOf(given) : undefined;
}
