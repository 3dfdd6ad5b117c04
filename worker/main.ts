import { loadProcessor } from '#processors/index.ts';
import { runProgram } from './program.ts';
import { workerMain } from './worker-main.ts';

/** The worker of a deployment, which `bootstrap.ts` calls. @returns the process's exit code. */
export function main(stop: AbortSignal): Promise<number> {
  return workerMain(import.meta.filename, stop);
}

// True if the file was started as a program: by a worker for its items, or in a user's image.
if (import.meta.main) await runProgram(import.meta.filename, loadProcessor);
