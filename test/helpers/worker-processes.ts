import { readdir, readFile } from 'node:fs/promises';

/**
 * A process of a worker task: the worker, a process that its items run in, or the shell that ends such a one with its
 * worker.
 */
interface WorkerProcess {
  readonly pid: number;
  readonly kind: 'worker' | 'item' | 'guard';
}

/**
 * The processes of the worker tasks that receive from a queue, found by their environment. Linux only: other systems
 * don't show it.
 */
export async function workerProcesses(queueUrl: string): Promise<WorkerProcess[]> {
  const found: WorkerProcess[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const environment = await readFile(`/proc/${name}/environ`, 'utf8').catch(() => '');
    const variables = environment.split('\0');
    // Lambdas have the queue's variable too. Only a worker has the variable with the time that it may take to stop.
    if (variables.includes(`SLUICE_QUEUE_URL=${queueUrl}`) && environment.includes('SLUICE_STOP_SECONDS=')) {
      const command = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '');
      found.push({ pid: Number(name), kind: kindOf(command.split('\0')) });
    }
  }
  return found;
}

/** By the arguments that worker/item/item-process.ts gives. */
function kindOf(command: readonly string[]): WorkerProcess['kind'] {
  if (command.includes('guard')) return 'guard';
  return command.includes('item') ? 'item' : 'worker';
}

/**
 * Kills all workers of a queue with SIGKILL, and with each the processes of its items.
 *
 * @returns how many workers it killed.
 */
export async function killWorkers(queueUrl: string): Promise<number> {
  const processes = await workerProcesses(queueUrl);
  // Workers first: one that outlives its item's process would run the item again, as the same try.
  const workers = processes.filter(({ kind }) => kind === 'worker').filter(kill).length;
  processes.filter(({ kind }) => kind !== 'worker').forEach(kill);
  return workers;
}

/** Kills a process with SIGKILL. @returns false where it has ended already. */
export function kill({ pid }: { readonly pid: number }): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}
