import { spawn } from 'node:child_process';
import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A command ended with an exit code other than 0. The message contains the end of its output. */
class CommandFailedError extends Error {
  override readonly name = 'CommandFailedError';
}

/**
 * Runs a command with its output in a log file.
 *
 * @param options.signal ends the command's process group with SIGTERM, then SIGKILL after 5 s; the promise rejects
 * then.
 * @param options.limitSeconds the time limit, after which the command is ended in the same way. @default 900
 * @throws CommandFailedError with the last lines of the log.
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: {
    cwd: string;
    env: NodeJS.ProcessEnv;
    logFile: string;
    signal?: AbortSignal | undefined;
    limitSeconds?: number;
  },
): Promise<void> {
  await mkdir(dirname(options.logFile), { recursive: true });
  const log = await open(options.logFile, 'w');
  // The command gets its own process group. Otherwise Ctrl-C in a terminal would reach the command's children at the
  // same time as this process, and a stop from here would reach only the command.
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', log.fd, log.fd],
    detached: true,
  });
  const endGroup = (signal: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    } catch {
      // The process has ended by itself.
    }
  };
  let killer: NodeJS.Timeout | undefined;
  const onAbort = () => {
    endGroup('SIGTERM');
    killer = setTimeout(endGroup, 5_000, 'SIGKILL');
  };
  const { limitSeconds = 900 } = options;
  let isOver = false;
  const limit = setTimeout(() => {
    isOver = true;
    onAbort();
  }, limitSeconds * 1_000);
  const onExit = () => endGroup('SIGKILL');
  options.signal?.addEventListener('abort', onAbort, { once: true });
  process.once('exit', onExit);
  try {
    const code = await new Promise<number | string>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status, signal) =>
        resolve(isOver ? `a limit of ${limitSeconds} s` : (status ?? signal ?? 'nothing')),
      );
      // The signal had aborted before the listener was added.
      if (options.signal?.aborted === true) onAbort();
    });
    options.signal?.throwIfAborted();
    if (code !== 0) {
      const tail = (await readFile(options.logFile, 'utf8')).trimEnd().split('\n').slice(-40).join('\n');
      throw new CommandFailedError(
        `"${command} ${args.slice(0, 2).join(' ')} …" ended with ${code}. The end of ${options.logFile}:\n${tail}`,
      );
    }
  } finally {
    await log.close();
    clearTimeout(killer);
    clearTimeout(limit);
    options.signal?.removeEventListener('abort', onAbort);
    process.removeListener('exit', onExit);
  }
}
