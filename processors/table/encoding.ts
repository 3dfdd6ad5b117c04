import { isUtf8 } from 'node:buffer';
import { peek } from './peek.ts';

/**
 * Control characters that do not occur in text: all except tab, line feed, form feed, carriage return, end of file and
 * escape.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\x00-\x08\x0b\x0e-\x19\x1c-\x1f\x7f]/g;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * Returns the encoding of a text by its first bytes, as a label of the WHATWG Encoding Standard; undefined if it is not
 * text.
 *
 * Eight-bit text that is not UTF-8 is read as windows-1252, which includes ISO 8859-1. A few wrong bytes in a file that
 * is otherwise UTF-8 make bad rows, and don't turn every `ö` of the file into `Ã¶`.
 *
 * @param whole whether the head is the whole content.
 */
export function encodingOf(head: Buffer, whole: boolean): string | undefined {
  // UTF-32, which Node can't decode.
  if (head[0] === 0xff && head[1] === 0xfe && head[2] === 0 && head[3] === 0) return undefined;
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  const wide = utf16Without(head);
  if (wide !== undefined) return wide;
  const controls = head.toString('latin1').match(CONTROLS)?.length ?? 0;
  if (head.includes(0) || controls > head.length / 50) return undefined;
  // The head may end inside a character, and then lacks up to 3 bytes of it.
  const utf8 = [0, 1, 2, 3].some((cut) => (cut === 0 || !whole) && isUtf8(head.subarray(0, head.length - cut)));
  return utf8 || isMostlyUtf8(head) ? 'utf-8' : 'windows-1252';
}

/**
 * Returns whether more characters outside ASCII are whole than broken. In windows-1252, two such characters are hardly
 * ever a valid character of UTF-8.
 */
function isMostlyUtf8(head: Buffer): boolean {
  const beyondAscii = head.toString().match(/\P{ASCII}/gu) ?? [];
  const broken = beyondAscii.filter((character) => character === '\ufffd').length;
  return beyondAscii.length - broken > broken;
}

/** UTF-16 without a byte order mark: most characters of a table are ASCII, so every second byte is 0. */
function utf16Without(head: Buffer): string | undefined {
  const looked = head.subarray(0, Math.min(head.length, 4_096) & ~1);
  if (looked.length < 8) return undefined;
  let even = 0;
  let odd = 0;
  for (let at = 0; at < looked.length; at += 2) {
    if (looked[at] === 0) even++;
    if (looked[at + 1] === 0) odd++;
  }
  const half = looked.length / 2;
  if (odd > half * 0.7 && even === 0) return 'utf-16le';
  return even > half * 0.7 && odd === 0 ? 'utf-16be' : undefined;
}

/**
 * Returns the same text in UTF-8, without a byte order mark. Invalid bytes of a text that is UTF-8 are kept: the row
 * that contains them is a bad one.
 *
 * This uses Node's decoder: DuckDB reads only UTF-8, UTF-16 and Latin-1, and its extension for more would have to be
 * downloaded.
 */
export async function* toUtf8(source: AsyncGenerator<Buffer>, encoding: string): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder(encoding);
  if (decoder.encoding === 'utf-8') {
    const { head, all } = await peek(source, BOM.length);
    let skip = head.equals(BOM) ? BOM.length : 0;
    for await (const chunk of all) {
      yield chunk.subarray(skip);
      skip = 0;
    }
    return;
  }
  for await (const chunk of source) yield Buffer.from(decoder.decode(chunk, { stream: true }));
  yield Buffer.from(decoder.decode());
}
