import { NoInputObjectError, openInput } from '#processors/contract/open-input.ts';
import { PermanentError } from '#processors/contract/permanent-error.ts';
import type { Processor } from '#processors/contract/processor.ts';
import { keepProgress } from '#processors/contract/progress.ts';
import { runProcessor } from '#processors/contract/run-processor.ts';
import { outputPrefix } from '#run/keys.ts';
import { NewerVersionError } from '#run/newer-version.ts';
import type { Store } from '#run/store.ts';
import type { WorkerSettings } from '../environment.ts';
import type { RunItem } from './item-job.ts';
import { s3Output } from './s3-output.ts';

/**
 * If a message names a processor that this worker doesn't have, the worker returns the message for a newer version, up
 * to this many times. After that, it assumes that no worker has the processor. Plan accepts only deployed processors.
 */
const TRIES_OF_UNKNOWN_PROCESSOR = 5;

/** A message names a processor that no worker has. */
export class UnknownProcessorError extends PermanentError {
  override readonly name = 'UnknownProcessorError';
}

/** Loads a processor's code. Returns undefined if no processor has this name. */
export type LoadProcessor = (name: string) => Promise<Processor> | undefined;

/** Runs processors in this same process, with their inputs and outputs in S3. */
export function runItemHere(
  store: Store,
  settings: Pick<WorkerSettings, 'userAgent' | 'sourceGuard'>,
  loadProcessor: LoadProcessor,
): RunItem {
  return async (job, { signal, logger, onProgress }) => {
    const loading = loadProcessor(job.processor);
    if (loading === undefined) {
      const problem = `this worker has no processor "${job.processor}"`;
      if (job.attempt < TRIES_OF_UNKNOWN_PROCESSOR)
        throw new NewerVersionError(`${problem}; a newer version of the worker may have it`);
      throw new UnknownProcessorError(problem);
    }
    const processor = await loading;
    const { runId, item: id, name, object, input, attempt, memoryBytes } = job;
    const prefix = outputPrefix(runId, id, attempt);
    const progress = keepProgress(logger);
    return runProcessor(
      processor,
      { runId, id, name, object, input },
      job.options,
      {
        signal,
        logger,
        attempt,
        memoryBytes,
        userAgent: settings.userAgent,
        sourceGuard: settings.sourceGuard,
        progress(fields) {
          progress.report(fields);
          onProgress(progress.last());
        },
      },
      {
        openInput() {
          if (object === undefined) throw new NoInputObjectError(`${name} is work, so it has no landed object`);
          return openInput(store, object, signal);
        },
        openOutput: (output, contentType) => s3Output(store, prefix + output, contentType),
      },
    );
  };
}
