import { loadProcessor } from '#processors/index.ts';
import { runProgram } from './program.ts';
import { workerMain } from './worker-main.ts';

/** The worker of a deployment. `bootstrap.ts` calls it. @returns the process's exit code. */
export function main(stop: AbortSignal): Promise<number> {
  return workerMain(import.meta.filename, stop);
}

// Started as a program of its own: by a worker for its items, or in a user's image, say.
if (import.meta.main) await runProgram(import.meta.filename, loadProcessor);
