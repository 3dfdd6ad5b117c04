#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { InvalidInputError } from '#run/errors.ts';
import { EXIT } from './exit-code.ts';
import { explain } from './explain.ts';
import { sluiceProgram } from './program.ts';
import { Screen } from './screen/screen.ts';
import { UsageError } from './screen/usage.ts';

const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());
process.once('SIGTERM', () => interrupt.abort());

// The reader of a pipe may have seen enough: "sluice report … | head".
let isRead = true;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  isRead = false;
  interrupt.abort();
});

const screen = new Screen();
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const program = sluiceProgram(version, { screen, signal: interrupt.signal }, (code) => {
  process.exitCode = code;
});

try {
  if (process.argv.length <= 2) {
    program.outputHelp({ error: true });
    process.exitCode = EXIT.usage;
  } else await program.parseAsync();
} catch (error) {
  screen.clear();
  process.exitCode = end(error);
}

/** Says what went wrong to the person who typed, and returns the exit code. A stack trace would tell the person nothing. */
function end(error: unknown): number {
  if (!isRead) return EXIT.complete;
  // Commander has written its words already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.complete : EXIT.usage;
  if (interrupt.signal.aborted) {
    screen.say('\nInterrupted. A run that was started goes on: "sluice watch" follows it again.');
    return EXIT.interrupted;
  }
  if (error instanceof UsageError) {
    screen.say(`${error.message}\n"sluice --help" lists the commands, "sluice COMMAND --help" the options of one.`);
    return EXIT.usage;
  }
  screen.say(explain(error));
  return error instanceof InvalidInputError ? EXIT.usage : EXIT.failed;
}
