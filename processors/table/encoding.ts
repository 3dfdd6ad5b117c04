import { isUtf8 } from 'node:buffer';
import { MalformedInputError } from './errors.ts';
import { peek } from './peek.ts';

/**
 * Control characters that do not occur in text: all except tab, line feed, vertical tab (FileMaker writes it for a line
 * feed in a field), form feed, carriage return, end of file and escape.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\x00-\x08\x0e-\x19\x1c-\x1f\x7f]/g;
const ESCAPE = 0x1b;
const NO_UTF8 = Buffer.from([0xff]);
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * Bytes that windows-1252 has no character for, or hardly ever one that is needed, such as `ˆ`. Shift JIS begins its
 * characters with them.
 */
const SELDOM_WESTERN = new Set([0x81, 0x82, 0x83, 0x86, 0x87, 0x88, 0x89, 0x8b, 0x8d, 0x8f, 0x90, 0x98, 0x9b, 0x9d]);

/**
 * Returns the encoding of a text by its first bytes, as a label of the WHATWG Encoding Standard; undefined if it is not
 * text.
 *
 * Valid UTF-8 is read as UTF-8, whatever the server says. A few wrong bytes in a file that is otherwise UTF-8 make bad
 * rows, and don't turn every `ö` of the file into `Ã¶`. Other text is read in the charset of its content type, or else
 * as windows-1252, which includes ISO 8859-1.
 *
 * @param whole whether the head is the whole content.
 * @param contentType of the object, if it has one.
 */
export function encodingOf(head: Buffer, whole: boolean, contentType?: string): string | undefined {
  // UTF-32, which Node can't decode.
  if (head[0] === 0xff && head[1] === 0xfe && head[2] === 0 && head[3] === 0) return undefined;
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  const wide = utf16Without(head);
  if (wide !== undefined) return wide;
  const charset = charsetOf(contentType);
  if (charset?.startsWith('utf-16') === true && head.length % 2 === 0 && head.includes(0)) return charset;
  const controls = head.toString('latin1').match(CONTROLS)?.length ?? 0;
  if (head.includes(0) || controls > head.length / 50) return undefined;
  if (charset === 'iso-2022-jp' && head.includes(ESCAPE)) return charset;
  // The head may end inside a character, and then lacks up to 3 bytes of it.
  const utf8 = [0, 1, 2, 3].some((cut) => (cut === 0 || !whole) && isUtf8(head.subarray(0, head.length - cut)));
  if (utf8 || isMostlyUtf8(head)) return 'utf-8';
  if (charset !== undefined && charset !== 'utf-8') return charset;
  return 'windows-1252';
}

/** The charset of a content type; undefined where it has none, or an unknown one. */
export function charsetOf(contentType: string | undefined): string | undefined {
  const label = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(contentType ?? '')?.[1];
  try {
    return label === undefined ? undefined : new TextDecoder(label).encoding;
  } catch {
    return undefined;
  }
}

/**
 * Returns whether more characters outside ASCII are whole than broken. In windows-1252, two such characters are hardly
 * ever a valid character of UTF-8.
 */
function isMostlyUtf8(head: Buffer): boolean {
  const text = head.toString();
  const whole = text.match(/[^\p{ASCII}\ufffd]/gu)?.length ?? 0;
  return whole > (text.match(/\ufffd+/g)?.length ?? 0);
}

/**
 * @param head the beginning of a text that {@link encodingOf} assumes to be in windows-1252.
 * @throws MalformedInputError where it certainly is not: a table of `Ïðèâåò` is wrong in each value.
 */
export function checkWestern(head: Buffer): void {
  if (mayBeWestern(head)) return;
  throw new MalformedInputError(
    'the text is neither UTF-8 nor Western European, and no content type names its charset; set the option encoding, such as shift_jis, gb18030 or windows-1251',
  );
}

/**
 * Whether the letters beyond ASCII may be Western European, which occur singly or in pairs. Those of Cyrillic, Greek,
 * Arabic or Chinese text in its old encodings occur in long runs.
 */
function mayBeWestern(head: Buffer): boolean {
  let beyondAscii = 0;
  let odd = 0;
  let run = 0;
  for (const byte of head) {
    if (byte < 0x80) {
      run = 0;
      continue;
    }
    beyondAscii++;
    run = byte >= 0xa0 ? run + 1 : 0;
    if (SELDOM_WESTERN.has(byte) || run > 3) odd++;
    else if (run === 3) odd += 3;
  }
  return odd < 6 || odd * 2 < beyondAscii;
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
 * Returns the same text in UTF-8, without a byte order mark. Bytes that are not valid in the encoding become, or stay,
 * invalid UTF-8: the row that contains them is a bad one.
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
  for await (const chunk of source) yield asBytes(decoder.decode(chunk, { stream: true }));
  yield asBytes(decoder.decode());
}

/** A character that could not be decoded becomes a byte that is no UTF-8, so that its row is a bad one. */
function asBytes(text: string): Buffer {
  if (!text.includes('\ufffd')) return Buffer.from(text);
  const pieces = text
    .split('\ufffd')
    .flatMap((piece, index) => [...(index === 0 ? [] : [NO_UTF8]), Buffer.from(piece)]);
  return Buffer.concat(pieces);
}
