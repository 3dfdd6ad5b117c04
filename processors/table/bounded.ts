import { InputTooLargeError } from './errors.ts';

const MIB = 1_048_576;

/** @throws (from the stream) the error of `tooLarge` if the source has more bytes: an InputTooLargeError by default. */
export async function* bounded(
  source: AsyncIterable<Buffer>,
  maxBytes: number,
  tooLarge: (maxBytes: number) => Error = inputTooLarge,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    yield chunk;
  }
}

function inputTooLarge(maxBytes: number): InputTooLargeError {
  return new InputTooLargeError(
    `the input is more than ${Math.floor(maxBytes / MIB)} MiB unpacked, which is its part of the task's disk; raise workers.diskGiB, or the option maxInputMiB if it is set`,
  );
}
