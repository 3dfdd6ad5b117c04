#!/usr/bin/env node
import { EXIT, exitCodeOf } from './exit-code.ts';
import { explain } from './explain.ts';
import { problemText } from './screen/problem-text.ts';
import { Screen } from './screen/screen.ts';
import { sluice } from './sluice.ts';

const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());
process.once('SIGTERM', () => interrupt.abort());

const screen = new Screen();
/** What the process ends with where its results can not be written. */
let unwritten: number | undefined;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (unwritten !== undefined) return;
  // The reader of a pipe may have seen enough: "sluice report … | head". Then there is nobody to say anything to.
  if (error.code === 'EPIPE') unwritten = EXIT.complete;
  else {
    // The disk of a file is full, say.
    const problem = explain(error);
    screen.say(problemText(problem, screen.paintBeside));
    unwritten = exitCodeOf(problem);
  }
  screen.silence();
  interrupt.abort();
});

const code = await sluice(process.argv.slice(2), { screen, signal: interrupt.signal });
process.exitCode = unwritten ?? code;
// A file takes what is written only after the command has ended.
process.once('exit', () => {
  process.exitCode = unwritten ?? code;
});
