import { memoryShare } from '#run/fleet/memory-share.ts';
import type { WorkMessage } from '#run/fleet/message.ts';
import { outputPrefix } from '#run/keys.ts';
import { recordResult } from '#run/ledger/ledger.ts';
import type { ResultRecord } from '#run/ledger/records.ts';
import { publish } from '#run/published/publish.ts';
import type { ItemSurroundings } from '../item/item-job.ts';
import { copyByHand } from './copy-by-hand.ts';
import type { WorkerParts } from './parts.ts';
import { hasRecord, settledAs } from './settled.ts';
import type { Task } from './task.ts';
import { withinLimit } from './within-limit.ts';

/** Makes the task that runs a processor on an item and records its result. */
export function processTask(parts: WorkerParts, message: WorkMessage): Task {
  const { store } = parts;
  return {
    ref: { runId: message.runId, item: message.item, stage: 'process' },
    name: message.name,
    what: message.process.processor,
    settledAs: () => settledAs(store, message, 'results'),
    isDone: () => hasRecord(store, message, 'results'),
    async run(attempt, signal, logger) {
      const result = await process(parts, message, attempt, { signal, logger });
      return () => recordResult(store, result);
    },
  };
}

async function process(
  parts: WorkerParts,
  message: WorkMessage,
  attempt: number,
  { signal, logger }: Pick<ItemSurroundings, 'signal' | 'logger'>,
): Promise<ResultRecord> {
  const { store, settings, worker } = parts;
  const { runId, item, name, object, input = null } = message;
  const { processor, options } = message.process;
  const memoryBytes = memoryShare(settings.itemsAtOnce, settings.memoryMiB);
  const job = { processor, runId, item, name, object, input, options, attempt, worker, memoryBytes };
  const began = performance.now();
  const limit = { name: processor, minutes: settings.itemMinutes };
  const { result, outputs } = await withinLimit(limit, signal, (both, onProgress) =>
    parts.runItem(job, { signal: both, logger, onProgress }),
  );
  const prefix = outputPrefix(runId, item, attempt);
  const stored = outputs.map((output) => ({ name: output.name, key: prefix + output.name, bytes: output.bytes }));
  const { to, mode = 'replace' } = message.process;
  const published =
    to === undefined
      ? undefined
      : await publish(store, { to, mode }, { runId, item, name }, stored, (from, key) => copyByHand(store, from, key));
  return {
    v: 1,
    runId,
    item,
    name,
    at: new Date().toISOString(),
    processor,
    attempt,
    worker,
    seconds: Math.round(performance.now() - began) / 1_000,
    outputs: stored.map(({ key, bytes }) => ({ key, bytes })),
    ...(published !== undefined && { publishedTo: to, published }),
    result,
  };
}
