import { randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const LOOK_MS = 50;

/**
 * Lets one of several processes do a piece of work for all of them. The others wait for its end. If the process dies or
 * fails, the next one does the work. The wait has no limit of its own: the time limit of an item ends the processes of
 * that item.
 *
 * @param lock a file that contains the id of the working process. Its folder exists.
 * @param isDone whether the work is done.
 * @param work should do no harm if two processes do it at the same time. This can happen after a process has died.
 * @throws what `work` throws in this process.
 */
export async function onceForAll(lock: string, isDone: () => boolean, work: () => Promise<void>): Promise<void> {
  while (!isDone()) {
    if (await take(lock)) {
      try {
        if (!isDone()) await work();
      } finally {
        await rm(lock, { force: true });
      }
      return;
    }
    await delay(LOOK_MS);
  }
}

async function take(lock: string): Promise<boolean> {
  const mine = `${lock}-${randomUUID()}`;
  await writeFile(mine, String(process.pid));
  try {
    // Unlike a write, a link makes the lock together with its content.
    await link(mine, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (await isLeftBehind(lock)) await rm(lock, { force: true });
    return false;
  } finally {
    await rm(mine, { force: true });
  }
}

async function isLeftBehind(lock: string): Promise<boolean> {
  try {
    process.kill(Number(await readFile(lock, 'utf8')), 0);
    return false;
  } catch (error) {
    // ENOENT: the other process has just ended its work.
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
