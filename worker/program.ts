import { endByItself } from './end-by-itself.ts';
import { itemMain } from './item/item-main.ts';
import type { LoadProcessor } from './item/run-item.ts';
import { workerMain } from './worker-main.ts';

/**
 * Runs a worker as a program: `node worker.mjs`. It starts itself again as `node worker.mjs item` for the processes in
 * which items run.
 *
 * @param file the program's own file.
 * @param loadProcessor loads its processors.
 */
export async function runProgram(file: string, loadProcessor: LoadProcessor): Promise<void> {
  if (process.argv[2] === 'item') return itemMain(loadProcessor);
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopping.abort());
  endByItself(await workerMain(file, stopping.signal));
}
