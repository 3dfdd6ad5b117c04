import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { OutputSink } from '../contract/output-stream.ts';
import { PermanentError } from '../contract/permanent-error.ts';
import type { ItemObject, Json, Processor, ProcessorContext, ProcessorItem } from '../contract/processor.ts';
import { runProcessor } from '../contract/run-processor.ts';

/** An unpacked object, and its bytes on the disk. */
export interface UnpackedObject {
  readonly name: string;
  readonly object: ItemObject;
  readonly file: string;
  /** The prefix for the outputs of the processor, ending in a slash. */
  readonly outputs: string;
}

export type Processed =
  | { readonly result: Json }
  | { readonly error: { readonly name: string; readonly message: string } };

/**
 * Runs a processor on an unpacked object, by the rules of every item: with checked options, outputs of its own and a
 * bounded result.
 *
 * @returns the outcome. A failure that another try can't correct affects only this object.
 * @throws an error that a further try may avoid, which fails the whole archive; and a failure after an output was
 * stored already.
 */
export async function processObject(
  processor: Processor,
  options: unknown,
  { runId, id }: Pick<ProcessorItem, 'runId' | 'id'>,
  unpacked: UnpackedObject,
  context: ProcessorContext,
): Promise<Processed> {
  const stored: string[] = [];
  const { name, object, file, outputs } = unpacked;
  try {
    const { result } = await runProcessor(processor, { runId, id, name, object, input: null }, options, context, {
      openInput: () => createReadStream(file),
      openOutput: (output, contentType) =>
        sinkInto(context.output(`${outputs}${output}`, contentType), () => stored.push(output)),
    });
    return { result };
  } catch (error) {
    if (!(error instanceof PermanentError) || context.signal.aborted || stored.length > 0) throw error;
    return { error: { name: error.name, message: error.message } };
  }
}

function sinkInto(output: Writable, onStored: () => void): OutputSink {
  return {
    write: (chunk) =>
      new Promise((resolve, reject) => output.write(chunk, (error) => (error ? reject(error) : resolve()))),
    async finish() {
      output.end();
      await finished(output);
      onStored();
    },
    async abandon() {
      if (output.closed) return;
      const closed = once(output, 'close');
      output.destroy();
      await closed;
    },
  };
}
