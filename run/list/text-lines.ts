import { TextDecoder } from 'node:util';
import { SourceListError } from './list-error.ts';

/** A source takes a URL, a key and a few hashes. Something with longer lines is not a list of sources. */
const MAX_LINE_CHARS = 65_536;

/**
 * The lines of a text, without their ends (CRLF, LF or CR), as arrays of the lines in each chunk. A million lines one
 * by one would cost a second of event loop turns.
 *
 * The text is UTF-8, or UTF-16 with a byte order mark, as spreadsheets save it.
 *
 * @throws SourceListError if the bytes are not such a text, or a line is longer than 65,536 characters.
 */
export async function* textLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string[]> {
  let decoder: TextDecoder | undefined;
  let head = Buffer.alloc(0);
  let rest = '';
  let lines = 0;
  const decode = (bytes?: Uint8Array): string => {
    try {
      decoder ??= decoderOf(head);
      return decoder.decode(bytes, { stream: bytes !== undefined });
    } catch (cause) {
      throw new SourceListError(`its text is not UTF-8, near line ${lines + 1}: save the list as UTF-8`, { cause });
    }
  };
  const take = (text: string, isLast: boolean): string[] => {
    if (text.includes('\0')) throw new SourceListError(`has a NUL character near line ${lines + 1}: it is not a text`);
    // A CR at the end may be the first half of CRLF.
    const held = !isLast && text.endsWith('\r') ? '\r' : '';
    const found = (rest + (held === '' ? text : text.slice(0, -1))).split(/\r\n|[\n\r]/);
    rest = (found.pop() ?? '') + held;
    const long = [...found, rest].findIndex((line) => line.length > MAX_LINE_CHARS);
    if (long >= 0) throw new SourceListError(`line ${lines + long + 1} is longer than ${MAX_LINE_CHARS} characters`);
    lines += found.length;
    return found;
  };
  for await (const chunk of chunks) {
    let bytes = chunk;
    if (decoder === undefined) {
      // The byte order mark may arrive in several chunks.
      head = Buffer.concat([head, chunk]);
      if (head.length < 3) continue;
      bytes = head;
    }
    yield take(decode(bytes), false);
  }
  if (decoder === undefined) yield take(decode(head), false);
  const last = take(decode(), true);
  yield rest === '' ? last : [...last, rest];
}

function decoderOf(head: Uint8Array): TextDecoder {
  const encoding =
    head[0] === 0xff && head[1] === 0xfe ? 'utf-16le' : head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : 'utf-8';
  // The decoder removes a byte order mark by itself.
  return new TextDecoder(encoding, { fatal: true });
}
