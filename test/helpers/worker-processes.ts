import { readdir, readFile } from 'node:fs/promises';

/**
 * The processes of the worker tasks that take from a queue, and those of their items, told by their environment. Linux only: other systems don't
 * show it.
 */
export async function workerProcesses(queueUrl: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const environment = await readFile(`/proc/${name}/environ`, 'utf8').catch(() => '');
    const variables = environment.split('\0');
    // Lambdas know the queue too; only a worker has a heartbeat.
    if (variables.includes(`SLUICE_QUEUE_URL=${queueUrl}`) && environment.includes('SLUICE_HEARTBEAT_SECONDS=')) {
      found.push(Number(name));
    }
  }
  return found;
}

/** Kills them all, without a word to any. A worker that is killed takes the processes of its items with it. */
export async function killWorkers(queueUrl: string): Promise<void> {
  for (const pid of await workerProcesses(queueUrl)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended with its worker.
    }
  }
}
