import { StringDecoder } from 'node:string_decoder';

/** A line is longer than its reader allows. */
export class LineTooLongError extends Error {
  override readonly name = 'LineTooLongError';
}

/**
 * Splits a stream of UTF-8 bytes into lines, without their ends. Unlike `node:readline`, it never holds more than one
 * chunk and one line: with `node:readline`, a file without a line break would fill the memory.
 *
 * @param maxChars the longest line that is allowed.
 * @throws LineTooLongError with the number of the line.
 */
export async function* readLines(chunks: AsyncIterable<Uint8Array>, maxChars: number): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let count = 0;
  const check = (line: string) => {
    if (line.length > maxChars) throw new LineTooLongError(`line ${count + 1} is longer than ${maxChars} characters`);
  };
  for await (const chunk of chunks) {
    const lines = (rest + decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      check(line);
      count += 1;
      yield line.endsWith('\r') ? line.slice(0, -1) : line;
    }
    check(rest);
  }
  rest += decoder.end();
  if (rest !== '') yield rest;
}
