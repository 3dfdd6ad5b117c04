import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { isTooDeep, MOST_LEVELS } from '#run/input/nesting.ts';
import { type OutputSink, OutputStream } from './output-stream.ts';
import { PermanentError } from './permanent-error.ts';
import type { Json, Processor, ProcessorContext, ProcessorItem } from './processor.ts';

/** Longer results must be outputs: the readers of a manifest load every result. */
const MAX_RESULT_BYTES = 256 * 1_024;
/** How long a processor may take to react to its signal. */
export const ABORT_GRACE_MS = 10_000;
const MAX_OUTPUT_NAME = 500;
/** Percent signs are allowed because the names of Hive's partitions are percent-encoded. */
const OUTPUT_NAME = /^[0-9A-Za-z_=%-][0-9A-Za-z._=%-]*(\/[0-9A-Za-z_=%-][0-9A-Za-z._=%-]*)*$/;

/** The processor does not accept the options in the run's input. */
export class ProcessorOptionsError extends PermanentError {
  /** The name of the class. */
  override readonly name = 'ProcessorOptionsError';
}

/** The name is not valid for an output, or another output already has this name. */
export class OutputNameError extends PermanentError {
  /** The name of the class. */
  override readonly name = 'OutputNameError';
}

/** The processor returned before its outputs were stored. */
export class OutputNotFinishedError extends PermanentError {
  override readonly name = 'OutputNotFinishedError';
}

/** The value that the processor returned can't be recorded. */
export class InvalidResultError extends PermanentError {
  override readonly name = 'InvalidResultError';
}

/** The place from which inputs are read and in which outputs are stored: S3 in a worker, memory in `testProcessor`. */
export interface ProcessorStreams {
  openInput(): Readable;
  openOutput(name: string, contentType: string): OutputSink;
}

export interface ProcessorOutcome {
  readonly result: Json;
  readonly outputs: readonly { readonly name: string; readonly bytes: number }[];
}

/**
 * Runs a processor on one item. The rules are the same in a worker and in a test. Options are checked. Every output
 * must be stored before the processor returns. The result is plain JSON of a limited size. After an abort, the
 * processor has 10 seconds to end.
 *
 * @throws what the processor throws; the signal's reason if the processor stopped because of the signal, or did not
 * stop in time.
 */
export async function runProcessor(
  processor: Processor,
  item: Omit<ProcessorItem, 'options'>,
  rawOptions: unknown,
  context: Omit<ProcessorContext, 'openInput' | 'output'>,
  streams: ProcessorStreams,
): Promise<ProcessorOutcome> {
  const options = optionsOf(processor, rawOptions);
  // A processor that waits for a page while its output fails would notice this only at its next write.
  const storage = new AbortController();
  const signal = AbortSignal.any([context.signal, storage.signal]);
  const opened = new OpenStreams(streams, (error) => storage.abort(error));
  try {
    const work = Promise.resolve().then(() =>
      processor.process(
        { ...item, options },
        { ...context, signal, openInput: () => opened.input(), output: (name, type) => opened.output(name, type) },
      ),
    );
    const result = checkedResult(processor.name, await untilAborted(work, signal));
    return { result, outputs: opened.finished(processor.name) };
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    await opened.giveUpRest();
  }
}

/**
 * Returns the options after the processor's schema has checked them. @throws ProcessorOptionsError, which names each
 * problem.
 */
export function optionsOf<Options>(processor: Processor<Options>, rawOptions: unknown): Options {
  const options = processor.options.safeParse(rawOptions);
  if (options.success) return options.data;
  const problems = options.error.issues.map((issue) => `${issue.path.join('.') || 'options'}: ${issue.message}`);
  throw new ProcessorOptionsError(`the options of processor ${processor.name} are wrong: ${problems.join('; ')}`);
}

/**
 * The streams of one attempt. At its end, streams that have not finished are destroyed, so that no stream continues.
 */
class OpenStreams {
  readonly #streams: ProcessorStreams;
  readonly #onStorageError: (error: Error) => void;
  readonly #inputs: Readable[] = [];
  readonly #outputs = new Map<string, OutputStream>();

  constructor(streams: ProcessorStreams, onStorageError: (error: Error) => void) {
    this.#streams = streams;
    this.#onStorageError = onStorageError;
  }

  input(): Readable {
    const input = this.#streams.openInput();
    // An abort fails the stream, and without a listener the error would end the whole process.
    input.on('error', () => undefined);
    this.#inputs.push(input);
    return input;
  }

  output(name: string, contentType: string): OutputStream {
    if (!OUTPUT_NAME.test(name) || name.length > MAX_OUTPUT_NAME) {
      throw new OutputNameError(
        `"${name}" is not a valid name for an output: it takes letters, digits and ._=%- in segments that don't begin with a dot`,
      );
    }
    if (this.#outputs.has(name)) throw new OutputNameError(`output "${name}" was opened before in this attempt`);
    const output = new OutputStream(this.#streams.openOutput(name, contentType), this.#onStorageError);
    this.#outputs.set(name, output);
    return output;
  }

  finished(processor: string): { name: string; bytes: number }[] {
    return [...this.#outputs].flatMap(([name, output]) => {
      if (output.writableFinished) return [{ name, bytes: output.bytes }];
      // The processor has abandoned this output. If an output can't be stored, that aborts the attempt by itself.
      if (output.destroyed) return [];
      throw new OutputNotFinishedError(
        `processor ${processor} returned before its output "${name}" was stored: end the stream and await its finish`,
      );
    });
  }

  async giveUpRest(): Promise<void> {
    for (const input of this.#inputs) input.destroy();
    const rest = [...this.#outputs.values()].filter((output) => !output.writableFinished);
    await Promise.all(rest.map((output) => output.giveUp()));
  }
}

/** Returns the processor's result, or throws the signal's reason when the time after an abort is over. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => undefined);
  const over = new AbortController();
  const left = new Promise<never>((_, reject) => {
    const wait = (): void => {
      sleep(ABORT_GRACE_MS, undefined, { signal: over.signal }).then(
        () => reject(signal.reason),
        () => undefined,
      );
    };
    if (signal.aborted) wait();
    else signal.addEventListener('abort', wait, { signal: over.signal });
  });
  try {
    return await Promise.race([work, left]);
  } finally {
    over.abort();
  }
}

/**
 * Returns the result in the form in which it will be read again, so that a Date or an undefined looks the same in a
 * test.
 */
function checkedResult(processor: string, result: unknown): Json {
  const text = jsonOf(processor, result);
  if (text === undefined) throw new InvalidResultError(`processor ${processor} returned ${typeof result}, not JSON`);
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_RESULT_BYTES) {
    throw new InvalidResultError(
      `processor ${processor} returned ${bytes} bytes of JSON, at most ${MAX_RESULT_BYTES} can be recorded: write the rest to an output`,
    );
  }
  const json = JSON.parse(text) as Json;
  if (isTooDeep(json)) {
    throw new InvalidResultError(
      `processor ${processor} returned JSON that is nested deeper than ${MOST_LEVELS} levels: write it to an output`,
    );
  }
  return json;
}

/** @throws InvalidResultError for a cycle, a BigInt, or a `toJSON` that throws. */
function jsonOf(processor: string, result: unknown): string | undefined {
  try {
    return JSON.stringify(result);
  } catch (cause) {
    throw new InvalidResultError(
      `processor ${processor} returned a value that is not JSON: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
}
