import { writeFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { getHeapStatistics } from 'node:v8';
import type { ProcessorLogger } from '#processors/contract/processor.ts';
import { InvalidResultError } from '#processors/contract/run-processor.ts';
import { workerClients } from '#run/fleet/worker-clients.ts';
import { logOutsideCalls } from '#run/log-outside-calls.ts';
import { readWorkerSettings } from '../environment.ts';
import { itemLogger, workerLogger } from '../runtime/logger.ts';
import { errorOfText, textOfError } from './error-text.ts';
import type { ItemJob, RunItem } from './item-job.ts';
import { type FromItemProcess, MAX_OUTPUTS, MAX_PROGRESS, type ToItemProcess } from './item-messages.ts';
import { type LoadProcessor, runItemHere } from './run-item.ts';

const PROGRESS_EVERY_MS = 500;

/**
 * The main function of an item process: it runs the jobs that its worker sends, one at a time, and reports the outcome
 * of each. It never ends by itself: the worker kills it.
 */
export function itemMain(loadProcessor: LoadProcessor): void {
  // Without its worker, the process has nothing to do.
  process.on('disconnect', endAtOnce);
  // The worker receives these signals too, and decides what happens to the item.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => undefined);
  process.on('uncaughtException', (error) => {
    tell({ kind: 'uncaught', error: textOfError(error) });
    endAtOnce();
  });
  // A processor's `process.exit` also calls this handler. The process can deadlock afterwards (nodejs/node 54918).
  process.on('exit', (code) => {
    tell({ kind: 'exit', code });
    endAtOnce();
  });
  beFirstOutOfMemory();

  const settings = readWorkerSettings(process.env);
  const store = { client: workerClients(process.env).s3, bucket: settings.bucket };
  const runItem = runItemHere(store, settings, loadProcessor);
  let abort = new AbortController();
  let job: ItemJob | undefined;
  logOutsideCalls(workerLogger('').getLevelName(), (message, call) => job && loggerOf(job).debug(message, { ...call }));
  process.on('message', (message: ToItemProcess) => {
    if (message.kind === 'abort') return abort.abort(errorOfText(message.reason));
    abort = new AbortController();
    job = message.job;
    void runJob(runItem, message.job, abort.signal).then(tell);
  });
  tell({ kind: 'ready' });
  // For the next item process, which starts in half the time with this cache.
  flushCompileCache();
}

async function runJob(runItem: RunItem, job: ItemJob, signal: AbortSignal): Promise<FromItemProcess> {
  const logger = loggerOf(job);
  try {
    const { result, outputs } = await runItem(job, { signal, logger, onProgress: progressTeller() });
    if (outputs.length > MAX_OUTPUTS) {
      throw new InvalidResultError(
        `processor ${job.processor} wrote ${outputs.length} outputs, at most ${MAX_OUTPUTS} can be recorded`,
      );
    }
    // A promise that was rejected meanwhile, and that no code waits for, is an error of this item and not of the next.
    await new Promise((resolve) => setImmediate(resolve));
    return { kind: 'done', result, outputs: [...outputs], isClean: isClean() };
  } catch (error) {
    return { kind: 'failed', error: textOfError(error) };
  }
}

function loggerOf(job: ItemJob): ProcessorLogger {
  const about = { runId: job.runId, item: job.item, name: job.name };
  return itemLogger(workerLogger(job.worker), about, job.attempt);
}

/** Sends progress at once, and then at most twice a second. */
function progressTeller(): (text: string) => void {
  let toldAt = 0;
  return (text) => {
    if (Date.now() - toldAt < PROGRESS_EVERY_MS) return;
    toldAt = Date.now();
    tell({ kind: 'progress', text: text.slice(0, MAX_PROGRESS) });
  };
}

/**
 * The open resources of an idle process: its channel, its standard streams, and connections that are kept for the next
 * request.
 */
const IDLE_RESOURCES = new Set(['PipeWrap', 'TTYWrap', 'TCPSocketWrap', 'TLSWrap']);

/**
 * Returns whether the item has left nothing behind: no timer, no child process, and no more than half of the memory in
 * use.
 */
function isClean(): boolean {
  const { heap_size_limit: limit, used_heap_size: heap } = getHeapStatistics();
  const { external } = process.memoryUsage();
  return heap + external < limit / 2 && process.getActiveResourcesInfo().every((kind) => IDLE_RESOURCES.has(kind));
}

function tell(message: FromItemProcess): void {
  process.send?.(message);
}

/**
 * Ends the process and all processes that the processor has started: the worker made this process the first of a
 * process group.
 */
function endAtOnce(): void {
  process.kill(-process.pid, 'SIGKILL');
}

/** If the task runs out of memory, Linux ends an item process first, not the worker. */
function beFirstOutOfMemory(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Other systems don't have this file, or don't permit the change. There only the worker's memory watch applies.
  }
}
