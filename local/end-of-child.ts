import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits for a child process that was asked to end, and kills it if it does not end in time.
 *
 * @param ended settles when the process has ended.
 * @param seconds how long the process may take.
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
