import { InputTooLargeError } from './errors.ts';

const MIB = 1_048_576;

/** @throws InputTooLargeError (from the stream) if the input exceeds its room. */
export async function* bounded(source: AsyncGenerator<Buffer>, maxBytes: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new InputTooLargeError(
        `the input is more than ${Math.floor(maxBytes / MIB)} MiB unpacked, which is its part of the task's disk; raise workers.diskGiB, or the option maxInputMiB if it is set`,
      );
    }
    yield chunk;
  }
}
