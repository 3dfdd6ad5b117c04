#!/usr/bin/env node
import { EXIT } from './exit-code.ts';
import { Screen } from './screen/screen.ts';
import { sluice } from './sluice.ts';

const interrupt = new AbortController();
process.once('SIGINT', () => interrupt.abort());
process.once('SIGTERM', () => interrupt.abort());

const screen = new Screen();
// The reader of a pipe may have seen enough: "sluice report … | head". Then there is nobody to say anything to.
let isRead = true;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  isRead = false;
  screen.silence();
  interrupt.abort();
});

const code = await sluice(process.argv.slice(2), { screen, signal: interrupt.signal });
process.exitCode = isRead ? code : EXIT.complete;
