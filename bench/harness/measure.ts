import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { TreeMemory } from './process-tree.ts';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** The cost of a process and all processes that it started, from its start to its end. */
export interface Cost {
  readonly wallSeconds: number;
  readonly userSeconds: number;
  readonly systemSeconds: number;
  readonly peakMib: number;
}

/** The command failed. The message contains the end of its output. */
export class CommandFailedError extends Error {
  override readonly name = 'CommandFailedError';
}

/**
 * bash's `time` gives user and system seconds of the command and of every process below it that was waited for, from
 * wait4, in milliseconds. It goes to the shell's own standard error; the command's is descriptor 3.
 */
const TIMED = `TIMEFORMAT='%3U %3S'; time "$@" 2>&3`;

/** No tool takes this long for its largest file. */
const LIMIT_MS = 30 * 60_000;

/**
 * Runs a command and measures its whole tree of processes.
 *
 * @throws CommandFailedError if the exit code is not 0.
 */
export async function measure(command: Command): Promise<{ readonly cost: Cost; readonly output: string }> {
  const start = performance.now();
  // Standard input is a socket. bash would treat this as a remote login and read its start-up file.
  const shell = spawn('bash', ['--norc', '-c', TIMED, 'measure', command.file, ...command.args], {
    env: command.env,
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  const memory = new TreeMemory(shell.pid ?? 0);
  shell.stdin.on('error', () => {
    // The command ended before it read this; its exit code says more.
  });
  shell.stdin.end(command.stdin ?? '');
  const [output, times, complaints, code] = await Promise.all([
    text(shell.stdout),
    text(shell.stderr),
    text(shell.stdio[3] as NodeJS.ReadableStream),
    new Promise<number | null>((resolve, reject) => shell.once('exit', resolve).once('error', reject)),
  ]);
  const wallSeconds = (performance.now() - start) / 1000;
  const { peakMib } = memory.stop();
  if (code !== 0) {
    throw new CommandFailedError(`${command.file} ended with ${code}: ${(complaints + output).slice(-4000)}`);
  }
  const [, user, system] = /^(\d+\.\d{3}) (\d+\.\d{3})$/m.exec(times) ?? [];
  if (user === undefined || system === undefined) throw new Error(`bash's time said ${JSON.stringify(times)}`);
  const [userSeconds, systemSeconds] = [Number(user), Number(system)];
  return { cost: { wallSeconds, userSeconds, systemSeconds, peakMib }, output };
}
