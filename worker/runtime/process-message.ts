import { outputPrefix } from '#run/keys.ts';
import type { WorkMessage } from '#run/message.ts';
import type { ResultRecord } from '#run/records.ts';
import { PermanentError } from '../permanent-error.ts';
import type { ProcessorLogger } from '../processor.ts';
import { keepProgress } from '../progress.ts';
import { runProcessor } from '../run-processor.ts';
import { NoInputObjectError, openInput } from './open-input.ts';
import type { WorkerParts } from './parts.ts';
import { ItemTimeoutError } from './reasons.ts';
import { s3Output } from './s3-output.ts';

/** A message names a processor that this worker doesn't have. */
export class UnknownProcessorError extends PermanentError {
  override readonly name = 'UnknownProcessorError';
}

/**
 * Runs the message's processor with S3 behind its streams, within the item's time limit.
 *
 * @param signal aborts with one of the reasons of reasons.ts, which is then what is thrown.
 * @throws UnknownProcessorError, ItemTimeoutError, and what `runProcessor` throws.
 */
export async function processMessage(
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
    throw new UnknownProcessorError(`this worker has no processor "${message.process.processor}"`);
  }
  const processor = await loading;
  const progress = keepProgress(logger);
  const limit = new AbortController();
  const timer = setTimeout(() => {
    const last = progress.last();
    const reached = last === '' ? '' : `, having reached: ${last}`;
    limit.abort(
      new ItemTimeoutError(
        `${processor.name} took longer than ${settings.itemMinutes} minutes (SLUICE_ITEM_MINUTES)${reached}`,
      ),
    );
  }, settings.itemMinutes * 60_000);
  const began = performance.now();
  try {
    const both = AbortSignal.any([signal, limit.signal]);
    const prefix = outputPrefix(runId, item, attempt);
    const { result, outputs } = await runProcessor(
      processor,
      { runId, id: item, name, object, input: message.input ?? null },
      message.process.options,
      {
        signal: both,
        logger,
        attempt,
        userAgent: settings.userAgent,
        progress: (fields) => progress.report(fields),
      },
      {
        openInput() {
          if (object === undefined) throw new NoInputObjectError(`${name} is work without a landed object`);
          return openInput(store, object, both);
        },
        openOutput: (output, contentType) => s3Output(store, prefix + output, contentType),
      },
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
  } finally {
    clearTimeout(timer);
  }
}
