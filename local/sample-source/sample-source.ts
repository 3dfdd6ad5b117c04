import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { reportedPort } from '#local/reported-port.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

/** The running sample source. It ends with this process at the latest. */
export interface SampleSource {
  /** Such as `http://127.0.0.1:40123`. */
  readonly origin: string;
  stop(): Promise<void>;
}

/** Starts the sample source as a process of its own on a free port of the loopback interface. */
export async function startSampleSource(): Promise<SampleSource> {
  // A session of its own: Ctrl-C in the terminal is ours to handle.
  const child = spawn(process.execPath, [MAIN], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const ended = once(child, 'close').then(() => undefined);
  child.stdin.on('error', () => {});
  const port = await Promise.race([reportedPort(child.stdout), ended]);
  if (port === undefined) throw new Error('the sample source ended before it listened; its own words stand above');
  return {
    origin: `http://127.0.0.1:${port}`,
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
