import { createHash } from 'node:crypto';
import { GetQueueAttributesCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import type { Processor } from '#processors/contract/processor.ts';
import { Credentials } from '#run/credentials/credentials.ts';
import type { Queue } from '#run/fleet/dispatch.ts';
import type { WorkMessage } from '#run/fleet/message.ts';
import { runKeys } from '#run/keys.ts';
import { record } from '#run/ledger/ledger.ts';
import { type FailureRecord, failureSchema, type ResultRecord, resultSchema } from '#run/ledger/records.ts';
import { RunLimits } from '#run/limits/run-limits.ts';
import { workersSchema } from '#run/settings/workers.ts';
import { readJson, type Store, writeOnce } from '#run/store.ts';
import { LOOPBACK } from '#test/helpers/loopback-guard.ts';
import type { WorkerSettings } from '#worker/environment.ts';
import { runItemHere } from '#worker/item/run-item.ts';
import { workerLogger } from '#worker/runtime/logger.ts';
import type { WorkerParts } from '#worker/runtime/parts.ts';
import { openQueue } from '#worker/runtime/queue.ts';
import { runWorker, type WorkerSummary } from '#worker/runtime/run-worker.ts';

/**
 * Settings of a worker that loses no time. No busy machine makes a heartbeat so late that a message becomes visible.
 */
export const QUICK_SETTINGS = {
  ...workersSchema.parse({}),
  visibilitySeconds: 120,
  heartbeatSeconds: 0.5,
  idleSeconds: 1,
  itemsAtOnce: 2,
  maxAttempts: 3,
  itemMinutes: 1,
  userAgent: 'sluice-test',
  sourceGuard: LOOPBACK,
  sourceBytes: 1_073_741_824,
  runBytes: 1_073_741_824,
  retrySeconds: 0.1,
  stopSeconds: 30,
};

/** A run of its own in a bucket and on a queue, with workers inside the test's process. */
export class WorkerRig {
  readonly store: Store;
  readonly queue: Queue;
  readonly runId: string;
  readonly #processors: ReadonlyMap<string, Processor>;

  constructor(store: Store, queue: Queue, runId: string, processors: readonly Processor[]) {
    this.store = store;
    this.queue = queue;
    this.runId = runId;
    this.#processors = new Map(processors.map((processor) => [processor.name, processor]));
  }

  /** The message of a piece of work. The name makes the item's id. */
  message(name: string, processor: string, more: Partial<WorkMessage> = {}): WorkMessage {
    const item = createHash('md5').update(name).digest('hex');
    return { v: 1, runId: this.runId, item, name, process: { processor, options: {} }, ...more };
  }

  async send(message: unknown): Promise<void> {
    const body = typeof message === 'string' ? message : JSON.stringify(message);
    await this.queue.client.send(new SendMessageCommand({ QueueUrl: this.queue.url, MessageBody: body }));
  }

  parts(settings: Partial<WorkerSettings> = {}, worker = 'worker-1'): WorkerParts {
    const all = {
      ...QUICK_SETTINGS,
      credentialGrants: [],
      metrics: { level: 'off', deployment: 'Sluice' } as const,
      ...settings,
      bucket: this.store.bucket,
      queueUrl: this.queue.url,
    };
    const logger = workerLogger(worker);
    logger.setLogLevel('SILENT');
    return {
      store: this.store,
      dispatchQueue: this.queue,
      queue: openQueue(this.queue.client, this.queue.url, all.visibilitySeconds),
      settings: all,
      credentials: new Credentials(all.credentialGrants, all.sourceGuard),
      limits: new RunLimits(this.store, all.runBytes),
      runItem: runItemHere(this.store, all, (name) => {
        const processor = this.#processors.get(name);
        return processor === undefined ? undefined : Promise.resolve(processor);
      }),
      logger,
      worker,
    };
  }

  /** Runs a worker until the queue is empty, or it is stopped. */
  work(settings: Partial<WorkerSettings> = {}, stop = new AbortController().signal): Promise<WorkerSummary> {
    return runWorker(this.parts(settings), stop);
  }

  async close(): Promise<void> {
    const closed = { v: 1, runId: this.runId, at: new Date().toISOString(), reason: 'test' };
    await writeOnce(this.store, runKeys(this.runId).closed, closed);
  }

  result(message: WorkMessage): Promise<ResultRecord | undefined> {
    return readJson(this.store, runKeys(message.runId).record('results', message.item), resultSchema);
  }

  late(message: WorkMessage): Promise<ResultRecord | undefined> {
    return readJson(this.store, runKeys(message.runId).record('late', message.item), resultSchema);
  }

  failure(message: WorkMessage): Promise<FailureRecord | undefined> {
    return readJson(this.store, runKeys(message.runId).record('failures', message.item), failureSchema);
  }

  /** Writes a result as another worker would. */
  async finishElsewhere(message: WorkMessage): Promise<void> {
    await record(this.store, 'results', {
      v: 1,
      runId: message.runId,
      item: message.item,
      name: message.name,
      at: new Date().toISOString(),
      processor: message.process.processor,
      attempt: 99,
      worker: 'another',
      seconds: 0,
      outputs: [],
      result: 'from elsewhere',
    });
  }

  /** Messages that are visible, in flight or delayed. */
  async messagesLeft(): Promise<{ visible: number; inFlight: number }> {
    const { Attributes: counts = {} } = await this.queue.client.send(
      new GetQueueAttributesCommand({ QueueUrl: this.queue.url, AttributeNames: ['All'] }),
    );
    return {
      visible: Number(counts.ApproximateNumberOfMessages) + Number(counts.ApproximateNumberOfMessagesDelayed),
      inFlight: Number(counts.ApproximateNumberOfMessagesNotVisible),
    };
  }
}
