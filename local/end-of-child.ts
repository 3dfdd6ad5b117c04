import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits for a child process that was asked to end, and kills it where it does not.
 *
 * @param ended settles when the process has ended.
 * @param seconds how long it may take by itself.
 */
export async function endOfChild(
  child: Pick<ChildProcess, 'kill'>,
  ended: Promise<unknown>,
  seconds: number,
): Promise<void> {
  const patience = new AbortController();
  const tooLong = delay(seconds * 1_000, true, { signal: patience.signal }).catch(() => false);
  if (await Promise.race([ended.then(() => false), tooLong])) child.kill('SIGKILL');
  patience.abort();
  await ended;
}
