import { loadProcessor } from '#processors/index.ts';
import { Credentials } from '#run/credentials/credentials.ts';
import { workerClients } from '#run/fleet/worker-clients.ts';
import { RunLimits } from '#run/limits/run-limits.ts';
import { readWorkerSettings } from './environment.ts';
import { workerLogger } from './runtime/logger.ts';
import { openQueue } from './runtime/queue.ts';
import { runWorker } from './runtime/run-worker.ts';
import { workerName } from './runtime/worker-name.ts';

/**
 * The worker, from its environment to its last message.
 *
 * @param stop aborts on SIGTERM. Whoever starts the worker owns the signals, since they may come before it is loaded.
 * @returns the process's exit code: 0 when the queue was empty or the worker was stopped, 1 on an error.
 */
export async function main(stop: AbortSignal): Promise<number> {
  const name = await workerName(process.env);
  const logger = workerLogger(name);
  process.on('uncaughtException', (error) => {
    // A promise that a processor forgot, say. Whose it was can't be told, so nothing of this process is to be trusted
    // any more; its items come back when their visibility ends, and count as tried.
    logger.critical('an error that nobody caught ends the worker', { error });
    process.exit(1);
  });
  try {
    const settings = readWorkerSettings(process.env);
    const { s3, sqs } = workerClients(process.env);
    const store = { client: s3, bucket: settings.bucket };
    await runWorker(
      {
        store,
        dispatchQueue: { client: sqs, url: settings.queueUrl },
        queue: openQueue(sqs, settings.queueUrl, settings.visibilitySeconds),
        settings,
        limits: new RunLimits(store, settings.runBytes),
        credentials: new Credentials(settings.credentialGrants, settings.sourceGuard),
        loadProcessor,
        logger,
        worker: name,
      },
      stop,
    );
    return 0;
  } catch (error) {
    logger.critical('the worker ends with an error', { error });
    return 1;
  }
}

// Started as a program of its own (`node worker.mjs`), in a user's image, say. Otherwise bootstrap.ts calls main.
if (import.meta.main) {
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopping.abort());
  process.exit(await main(stopping.signal));
}
