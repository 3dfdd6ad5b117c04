/** The command line as a process: its signals, its output and its exit code. */

import { EXIT, exitCodeOf } from './exit-code.ts';
import { explain } from './explain.ts';
import { problemText } from './screen/problem-text.ts';
import { Screen } from './screen/screen.ts';
import { sluice } from './sluice.ts';

const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());
process.once('SIGTERM', () => interrupt.abort());

const screen = new Screen();
/** The exit code if the results can't be written. */
let unwritten: number | undefined;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (unwritten !== undefined) return;
  // The reader of a pipe may have stopped reading: "sluice report … | head". Then nobody reads a message either.
  if (error.code === 'EPIPE') unwritten = EXIT.complete;
  else {
    // For example, the disk of a file is full.
    const problem = explain(error);
    screen.say(problemText(problem, screen.paintBeside));
    unwritten = exitCodeOf(problem);
  }
  screen.silence();
  interrupt.abort();
});

const code = await sluice(process.argv.slice(2), { screen, signal: interrupt.signal });
process.exitCode = unwritten ?? code;
// Writes to a file may fail after the command has ended.
process.once('exit', () => {
  process.exitCode = unwritten ?? code;
});
