import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { InvalidInputError } from '#run/errors.ts';
import { EXIT } from './exit-code.ts';
import { explain } from './explain.ts';
import { sluiceProgram, type Terminal } from './program.ts';
import { UsageError } from './screen/usage.ts';

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
    // Commander has written its words already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.complete : EXIT.usage;
    if (signal.aborted) {
      screen.say('\nInterrupted. A run that was started goes on: "sluice watch" follows it again.');
      return EXIT.interrupted;
    }
    // A stack trace would tell the person nothing.
    if (error instanceof UsageError) {
      screen.say(`${error.message}\n"sluice --help" lists the commands, "sluice COMMAND --help" the options of one.`);
      return EXIT.usage;
    }
    screen.say(explain(error));
    return error instanceof InvalidInputError ? EXIT.usage : EXIT.failed;
  }
}
