import { totalmem } from 'node:os';
import { Credentials } from '#run/credentials/credentials.ts';
import { memoryShare } from '#run/fleet/memory-share.ts';
import { workerClients } from '#run/fleet/worker-clients.ts';
import { peakMemoryMiB } from '#run/landing/peak-memory.ts';
import { RunLimits } from '#run/limits/run-limits.ts';
import { logOutsideCalls } from '#run/log-outside-calls.ts';
import { sendMetrics } from '#run/metrics/send-metrics.ts';
import { readWorkerSettings } from './environment.ts';
import { ItemProcesses } from './item/item-processes.ts';
import { workerLogger } from './runtime/logger.ts';
import { openQueue } from './runtime/queue.ts';
import { runWorker } from './runtime/run-worker.ts';
import { workerName } from './runtime/worker-name.ts';

const MIB = 1_048_576;

/**
 * Runs the worker, from its environment to its last message.
 *
 * @param file the program for the item processes, which is this program.
 * @param stop aborts on SIGTERM. The caller handles the signals, because they may arrive before the worker is loaded.
 * @returns the process's exit code: 0 if the queue was empty or the worker was stopped, 1 on an error.
 */
export async function workerMain(file: string, stop: AbortSignal): Promise<number> {
  const name = await workerName(process.env);
  const logger = workerLogger(name);
  logOutsideCalls(logger.getLevelName(), (message, call) => logger.debug(message, { ...call }));
  const fault = new AbortController();
  const onFault = (error: Error): void => {
    // This is an error of the worker itself, because processors run elsewhere. The worker returns its messages and
    // ends.
    logger.critical('an uncaught error ends the worker', { error });
    fault.abort();
  };
  process.on('uncaughtException', onFault);
  try {
    const settings = readWorkerSettings(process.env);
    const { s3, sqs } = workerClients(process.env);
    const store = { client: s3, bucket: settings.bucket };
    await using items = new ItemProcesses(file, memoryShare(settings.itemsAtOnce, settings.memoryMiB));
    const began = performance.now();
    const { late } = await runWorker(
      {
        store,
        dispatchQueue: { client: sqs, url: settings.queueUrl },
        queue: openQueue(sqs, settings.queueUrl, settings.visibilitySeconds),
        settings,
        limits: new RunLimits(store, settings.runBytes),
        credentials: new Credentials(settings.credentialGrants, settings.sourceGuard),
        runItem: (job, surroundings) => items.run(job, surroundings),
        logger,
        worker: name,
      },
      AbortSignal.any([stop, fault.signal]),
    );
    const memoryMiB = settings.memoryMiB ?? totalmem() / MIB;
    sendMetrics(settings.metrics, {
      LateResults: late,
      WorkerMinutes: Math.round((performance.now() - began) / 600) / 100,
      WorkerMemoryPercent: Math.round((100 * (peakMemoryMiB() + items.peakMiB)) / memoryMiB),
    });
    s3.destroy();
    sqs.destroy();
    return fault.signal.aborted ? 1 : 0;
  } catch (error) {
    logger.critical('the worker ends with an error', { error });
    return 1;
  }
}
