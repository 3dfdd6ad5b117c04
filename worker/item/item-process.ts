import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { ABORT_GRACE_MS, type ProcessorOutcome } from '#processors/contract/run-processor.ts';
import { errorOfText, textOfError } from './error-text.ts';
import {
  ItemExitError,
  ItemKilledError,
  ItemMemoryError,
  ItemProcessStartError,
  ItemUncaughtError,
} from './item-errors.ts';
import type { ItemJob, ItemSurroundings } from './item-job.ts';
import { type FromItemProcess, fromItemProcessSchema, type ToItemProcess } from './item-messages.ts';
import { watchMemory } from './memory-watch.ts';

const MIB = 1_048_576;
/** The limit allows for a machine with a very high load. Usually a process needs one second. */
const START_MS = 60_000;
/** An item process waits for its processor to end and then reports; a blocked process can't. */
const KILL_AFTER_MS = ABORT_GRACE_MS + 2_000;
const KEPT_STDERR = 4_000;
const LAST_WORDS_MS = 1_000;

/** The options of an item process. */
export interface ItemProcessOptions {
  /** The program to start: the worker's own program, which becomes an item process by its argument. */
  readonly program: string;
  /** A folder of its own, for everything that processors write to the disk. It is deleted with the process. */
  readonly folder: string;
  /** Where Node stores compiled code, so that the next process starts faster. */
  readonly compileCache: string;
  /** A folder that all item processes of the worker share, for what one of them downloads for all. */
  readonly shared: string;
  /** The limit of the process's JavaScript heap. */
  readonly heapBytes: number;
  /** The limit of the whole process, without memory that it shares with others. */
  readonly memoryBytes: number;
  /** Called once a second, after `memoryMiB` was updated. */
  readonly onMemory: () => void;
}

/** How the run of an item ended. `died`: its process ended too. */
export type ItemEnd =
  | { readonly kind: 'done'; readonly outcome: ProcessorOutcome; readonly isClean: boolean }
  | { readonly kind: 'failed' | 'died'; readonly error: Error };

/**
 * Kills a group of processes when its standard input ends. It uses only POSIX: `dash`, the shell of Debian, accepts no
 * `--` after `-9`.
 */
const GUARD = 'read -r _; kill -s KILL -- "-$1"';

/**
 * A process that runs items, one at a time. The worker can kill it at any moment, together with all processes that the
 * processor has started: they form a process group of their own.
 *
 * If the worker itself is killed, it can't do that, and a processor in an endless loop notices nothing. In a container,
 * all processes end with the first one. Elsewhere, a shell waits for the worker's end and then kills the group.
 */
export class ItemProcess {
  /** How many items have begun in this process. */
  items = 0;
  /** The memory that it used a second ago, without memory that it shares with others. */
  memoryMiB = 0;
  readonly #options: ItemProcessOptions;
  readonly #child: ChildProcess;
  readonly #guard: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #stopWatch: () => void;
  #hear: (message: FromItemProcess) => void = () => undefined;
  #lastWord: Error | undefined;
  #stderr = '';

  /** @throws ItemProcessStartError */
  static async start(options: ItemProcessOptions): Promise<ItemProcess> {
    await mkdir(options.folder, { recursive: true });
    const started = new ItemProcess(options);
    const isReady = new Promise<'ready'>((resolve) => {
      started.#hear = ({ kind }) => kind === 'ready' && resolve('ready');
    });
    const patience = new AbortController();
    const tooLong = delay(START_MS, 'late' as const, { signal: patience.signal }).catch(() => 'late' as const);
    const outcome = await Promise.race([isReady, started.#ended.then(() => 'ended' as const), tooLong]);
    patience.abort();
    if (outcome === 'ready') return started;
    const cause = started.#howItEnded('');
    await started.kill();
    const what =
      outcome === 'ended' ? `ended while it started: ${cause.message}` : `was not ready within ${START_MS / 1_000} s`;
    throw new ItemProcessStartError(`an item process ${what}`, { cause });
  }

  private constructor(options: ItemProcessOptions) {
    this.#options = options;
    const { program, folder, compileCache, shared, heapBytes } = options;
    const heap = `--max-old-space-size=${Math.floor(heapBytes / MIB)}`;
    this.#child = spawn(process.execPath, [heap, program, 'item'], {
      env: { ...process.env, TMPDIR: folder, NODE_COMPILE_CACHE: compileCache, SLUICE_ITEMS_FOLDER: shared },
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
      detached: true,
    });
    this.#guard = spawn('sh', ['-c', GUARD, 'guard', String(this.#child.pid)], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    // An image may have no shell.
    this.#guard.on('error', () => undefined);
    this.#ended = endOf(this.#child);
    this.#child.on('message', (message) => this.#read(message));
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-KEPT_STDERR);
      process.stderr.write(chunk);
    });
    this.#stopWatch = watchMemory(this.#child.pid ?? 0, options.memoryBytes, {
      onSample: (mib) => {
        this.memoryMiB = mib;
        options.onMemory();
      },
      onOver: (mib) => {
        const limit = Math.round(options.memoryBytes / MIB);
        this.#lastWord = new ItemMemoryError(
          `the process of the item used ${mib} MiB of memory, more than the allowed ${limit} MiB`,
        );
        this.#killGroup();
      },
    });
  }

  /** Settles when the process has ended. */
  get ended(): Promise<unknown> {
    return this.#ended;
  }

  /** Runs one item. If the signal aborts, the process is informed, and 12 seconds later it is killed. Never rejects. */
  async run(job: ItemJob, { signal, onProgress }: ItemSurroundings): Promise<ItemEnd> {
    this.items++;
    let killer: NodeJS.Timeout | undefined;
    const abort = (): void => {
      this.#say({ kind: 'abort', reason: textOfError(signal.reason) });
      killer = setTimeout(() => this.#killGroup(), KILL_AFTER_MS);
    };
    try {
      return await new Promise<ItemEnd>((resolve) => {
        void this.#ended.then(() => resolve({ kind: 'died', error: this.#howItEnded(job.processor) }));
        this.#hear = (message) => {
          if (message.kind === 'progress') onProgress(message.text);
          if (message.kind === 'failed') resolve({ kind: 'failed', error: errorOfText(message.error) });
          if (message.kind === 'done') {
            const { result, outputs, isClean } = message;
            resolve({ kind: 'done', outcome: { result, outputs }, isClean });
          }
        };
        this.#say({ kind: 'run', job });
        if (signal.aborted) abort();
        else signal.addEventListener('abort', abort, { once: true });
      });
    } finally {
      clearTimeout(killer);
      signal.removeEventListener('abort', abort);
      this.#hear = () => undefined;
    }
  }

  /** Kills the process, and resolves when none of its group is left. */
  async kill(): Promise<void> {
    this.#killGroup();
    await this.#ended;
    this.#stopWatch();
    this.#guard.kill('SIGKILL');
    await rm(this.#options.folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
  }

  #killGroup(): void {
    try {
      if (this.#child.pid !== undefined) process.kill(-this.#child.pid, 'SIGKILL');
    } catch {
      // All processes of the group have ended.
    }
  }

  #say(message: ToItemProcess): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #read(message: unknown): void {
    const parsed = fromItemProcessSchema.safeParse(message);
    if (!parsed.success) return;
    const { data } = parsed;
    if (data.kind === 'uncaught') {
      const { name, message: text } = data.error;
      this.#lastWord = new ItemUncaughtError(`an error that the processor did not catch: ${name}: ${text}`);
    } else if (data.kind === 'exit') {
      this.#lastWord ??= new ItemExitError(`the processor ended its process, with exit code ${data.code}`);
    } else this.#hear(data);
  }

  #howItEnded(processor: string): Error {
    if (this.#lastWord !== undefined) return this.#lastWord;
    const { exitCode, signalCode } = this.#child;
    if (/heap out of memory|Array buffer allocation failed/.test(this.#stderr)) {
      const heap = Math.floor(this.#options.heapBytes / MIB);
      return new ItemMemoryError(`processor ${processor} ran out of memory: its heap is limited to ${heap} MiB`);
    }
    if (exitCode !== null) return new ItemExitError(`the process of ${processor} ended with exit code ${exitCode}`);
    return new ItemKilledError(`the process of ${processor} was ended by ${signalCode ?? 'an unknown cause'}`);
  }
}

/** Settles when a process has ended and its last output has been read. */
async function endOf(child: ChildProcess): Promise<void> {
  const read = Promise.all([once(child, 'disconnect'), child.stderr && once(child.stderr, 'close')]).catch(
    () => undefined,
  );
  await new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    // Without a pid, the process could not be started. Other errors concern messages to a process that has just ended.
    child.on('error', () => child.pid === undefined && resolve());
  });
  // A process that the processor has started may keep the streams open.
  await Promise.race([read, delay(LAST_WORDS_MS, undefined, { ref: false })]);
}
