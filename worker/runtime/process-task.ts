import { NoInputObjectError, openInput } from '#processors/contract/open-input.ts';
import { PermanentError } from '#processors/contract/permanent-error.ts';
import type { ProcessorLogger } from '#processors/contract/processor.ts';
import { runProcessor } from '#processors/contract/run-processor.ts';
import { memoryShare } from '#run/fleet/memory-share.ts';
import type { WorkMessage } from '#run/fleet/message.ts';
import { outputPrefix } from '#run/keys.ts';
import { recordResult } from '#run/ledger/ledger.ts';
import type { ResultRecord } from '#run/ledger/records.ts';
import { NewerVersionError } from '#run/newer-version.ts';
import type { WorkerParts } from './parts.ts';
import { s3Output } from './s3-output.ts';
import { hasRecord, settledAs } from './settled.ts';
import type { Task } from './task.ts';
import { withinLimit } from './within-limit.ts';

/**
 * A message that names a processor which this worker doesn't have is left to a newer version so often. Then there is
 * none: Plan takes no processor that isn't deployed.
 */
const TRIES_OF_UNKNOWN_PROCESSOR = 5;

/** A message names a processor that no worker has. */
export class UnknownProcessorError extends PermanentError {
  override readonly name = 'UnknownProcessorError';
}

/** To run a processor on an item, and record its result. */
export function processTask(parts: WorkerParts, message: WorkMessage): Task {
  const { store } = parts;
  return {
    ref: { runId: message.runId, item: message.item, stage: 'process' },
    name: message.name,
    what: message.process.processor,
    settledAs: () => settledAs(store, message, 'results'),
    isDone: () => hasRecord(store, message, 'results'),
    async run(attempt, signal, logger) {
      const result = await process(parts, message, attempt, signal, logger);
      return () => recordResult(store, result);
    },
  };
}

async function process(
  parts: WorkerParts,
  message: WorkMessage,
  attempt: number,
  signal: AbortSignal,
  logger: ProcessorLogger,
): Promise<ResultRecord> {
  const { store, settings } = parts;
  const { runId, item, name, object } = message;
  const loading = parts.loadProcessor(message.process.processor);
  if (loading === undefined) {
    const problem = `this worker has no processor "${message.process.processor}"`;
    if (attempt < TRIES_OF_UNKNOWN_PROCESSOR) throw new NewerVersionError(`${problem}; a newer version may have it`);
    throw new UnknownProcessorError(problem);
  }
  const processor = await loading;
  const prefix = outputPrefix(runId, item, attempt);
  const began = performance.now();
  const limit = { name: processor.name, minutes: settings.itemMinutes };
  const { result, outputs } = await withinLimit(limit, signal, logger, (both, progress) =>
    runProcessor(
      processor,
      { runId, id: item, name, object, input: message.input ?? null },
      message.process.options,
      {
        signal: both,
        logger,
        attempt,
        memoryBytes: memoryShare(settings.itemsAtOnce),
        userAgent: settings.userAgent,
        sourceGuard: settings.sourceGuard,
        progress,
      },
      {
        openInput() {
          if (object === undefined) throw new NoInputObjectError(`${name} is work without a landed object`);
          return openInput(store, object, both);
        },
        openOutput: (output, contentType) => s3Output(store, prefix + output, contentType),
      },
    ),
  );
  return {
    v: 1,
    runId,
    item,
    name,
    at: new Date().toISOString(),
    processor: processor.name,
    attempt,
    worker: parts.worker,
    seconds: Math.round(performance.now() - began) / 1_000,
    outputs: outputs.map((output) => ({ key: prefix + output.name, bytes: output.bytes })),
    result,
  };
}
