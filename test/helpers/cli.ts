import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

/** How a command ended, and what it wrote. */
export interface CommandEnd {
  /** 130 and the like for a signal. */
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Starts the real `sluice`. */
export function startSluice(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): { readonly child: ChildProcess; readonly ended: Promise<CommandEnd> } {
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (bytes: Buffer) => {
    out += bytes.toString();
  });
  child.stderr.on('data', (bytes: Buffer) => {
    err += bytes.toString();
  });
  const ended = new Promise<CommandEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? -1, out, err }));
  });
  return { child, ended };
}

/** Runs the real `sluice` to its end, as a person does. */
export function runSluice(args: readonly string[], env: NodeJS.ProcessEnv): Promise<CommandEnd> {
  return startSluice(args, env).ended;
}
