import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const RUNNER = fileURLToPath(new URL('cold-handler.mjs', import.meta.url));

/** CPU is that of all threads of the process, user and system. */
export interface ColdStart {
  readonly readyCpu: number;
  readonly readyWall: number;
  /** When the source received the request; undefined if the function wasn't called, or sends none. */
  readonly asked: { readonly cpu: number; readonly wall: number } | undefined;
  readonly answer: unknown;
}

/**
 * One new process that loads a bundle, and calls the function if there is a payload. Times are milliseconds from its
 * start.
 */
export class ColdProcess {
  readonly #child;
  readonly #since = performance.now();
  readonly ended: Promise<ColdStart>;
  #asked: ColdStart['asked'];

  constructor(args: readonly string[], env: Readonly<Record<string, string>>) {
    this.#child = spawn(process.execPath, [RUNNER, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const child = this.#child;
    let complaints = '';
    let ready: { readonly readyCpu: number; readonly readyWall: number } | undefined;
    let answer: unknown;
    child.stderr.on('data', (text: Buffer) => {
      complaints += text.toString();
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (ready === undefined) ready = { readyCpu: Number(line), readyWall: performance.now() - this.#since };
      else answer = JSON.parse(line);
    });
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject).once('close', (code) => {
        if (code !== 0 || !ready) reject(new Error(`${args[0]} ended with ${code}: ${complaints.slice(-2000)}`));
        else resolve({ ...ready, asked: this.#asked, answer });
      });
    });
  }

  /** The source calls this when it receives the request. */
  tellAsked(): void {
    this.#asked ??= { cpu: cpuMilliseconds(this.#child.pid ?? 0), wall: performance.now() - this.#since };
  }
}

/** The CPU time of all threads of a process so far, which Linux's scheduler counts in nanoseconds. */
function cpuMilliseconds(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = threads.map((id) =>
    Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1_000_000;
}
