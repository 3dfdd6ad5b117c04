import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { endOfChild } from '#local/end-of-child.ts';
import { reportedPort } from '#local/reported-port.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

/** The running sample source. It ends at the latest when this process ends. */
export interface SampleSource {
  /** Such as `http://127.0.0.1:40123`. */
  readonly origin: string;
  stop(): Promise<void>;
}

/** It has to generate its files first. */
const START_SECONDS = 60;
/** Its connections are closed, so it ends quickly. */
const STOP_SECONDS = 5;

/**
 * Starts the sample source as a process of its own on a free port of the loopback interface.
 *
 * @param options.main the program. @default `main.ts`
 * @param options.execArgv options of Node. @default none
 */
export async function startSampleSource({
  main = MAIN,
  execArgv = [],
}: {
  main?: string;
  execArgv?: readonly string[];
} = {}): Promise<SampleSource> {
  // A session of its own, because this process handles Ctrl-C in the terminal.
  const child = spawn(process.execPath, [...execArgv, main], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const ended = once(child, 'close').then(() => undefined);
  child.stdin.on('error', () => {});
  const stop = async () => {
    child.stdin.end();
    await endOfChild(child, ended, STOP_SECONDS);
  };
  const tooLong = delay(START_SECONDS * 1_000, undefined, { ref: false });
  const port = await Promise.race([reportedPort(child.stdout), ended, tooLong]);
  if (port === undefined) {
    await stop();
    throw new Error(`the sample source did not listen within ${START_SECONDS} s; what it printed is above`);
  }
  return { origin: `http://127.0.0.1:${port}`, stop };
}
