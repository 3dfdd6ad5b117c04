import { InputTooLargeError } from './errors.ts';

const MIB = 1_048_576;

/** @throws InputTooLargeError (from the stream) beyond the room that the input has. */
export async function* bounded(source: AsyncGenerator<Buffer>, maxBytes: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new InputTooLargeError(
        `the input is more than ${Math.floor(maxBytes / MIB)} MiB unpacked, which is what it may take of the task's disk; raise workers.diskGiB, or the option maxInputMiB where it is set`,
      );
    }
    yield chunk;
  }
}
