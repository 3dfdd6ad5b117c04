import { isUtf8 } from 'node:buffer';
import { parse } from 'csv-parse/sync';

export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';

/** What a content looks like from its first bytes. */
export type Shape =
  | { readonly format: 'empty' | 'binary' }
  | { readonly format: 'json' | 'jsonl' | 'text'; readonly encoding: Encoding }
  | { readonly format: 'csv' | 'tsv'; readonly encoding: Encoding; readonly delimiter: string };

const DELIMITERS = [',', '\t', ';', '|'] as const;
/** Of the records looked at, how many must have the same number of fields for it to be a table. */
const TABLE_SHARE = 0.8;
const RECORDS_LOOKED_AT = 100;
/** Control characters that no text holds: all but tab, line feed, form feed, carriage return and escape. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]/g;

/**
 * Tells format, encoding and delimiter from the head of a content.
 *
 * A table of one column can't be told from lines of text, and is `text`. Eight-bit text that is no UTF-8 is taken for
 * windows-1252, which reads ISO 8859-1 too.
 *
 * @param whole whether the head is the whole content.
 */
export function detectShape(head: Buffer, whole: boolean): Shape {
  if (head.length === 0) return { format: 'empty' };
  const encoding = encodingOf(head, whole);
  if (encoding === undefined) return { format: 'binary' };
  const text = new TextDecoder(encoding).decode(head, { stream: !whole });
  if (text.trim() === '') return { format: 'text', encoding };
  if (looksLikeJson(text)) return { format: looksLikeLines(text) ? 'jsonl' : 'json', encoding };
  const delimiter = delimiterOf(text, whole);
  if (delimiter === undefined) return { format: 'text', encoding };
  return { format: delimiter === '\t' ? 'tsv' : 'csv', encoding, delimiter };
}

function encodingOf(head: Buffer, whole: boolean): Encoding | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  const controls = head.toString('latin1').match(CONTROLS)?.length ?? 0;
  if (head.includes(0) || controls > head.length / 50) return undefined;
  // The head may end inside a character, of which it then lacks up to 3 bytes.
  const utf8 = [0, 1, 2, 3].some((cut) => (cut === 0 || !whole) && isUtf8(head.subarray(0, head.length - cut)));
  return utf8 ? 'utf-8' : 'windows-1252';
}

/** An object, or an array whose first element may be one of JSON: `[2026-11-24] started` is a log. */
function looksLikeJson(text: string): boolean {
  return /^\s*(\{\s*(["}]|$)|\[\s*(["[{\]]|$|(true|false|null|-?\d+(\.\d+)?([eE][+-]?\d+)?)\s*([,\]]|$)))/.test(text);
}

/** A whole value on the first line and the beginning of another behind it. */
function looksLikeLines(text: string): boolean {
  const [first = '', second = ''] = text.trimStart().split(/[\r\n]+\s*/, 2);
  if (!/^[[{]/.test(second)) return false;
  try {
    JSON.parse(first);
    return true;
  } catch {
    return false;
  }
}

function delimiterOf(text: string, whole: boolean): string | undefined {
  const lastLine = text.lastIndexOf('\n');
  const complete = whole || lastLine === -1 ? text : text.slice(0, lastLine + 1);
  const candidates = DELIMITERS.map((delimiter) => ({ delimiter, ...regularity(complete, delimiter) })).filter(
    (candidate) => candidate.columns >= 2 && candidate.share >= TABLE_SHARE,
  );
  candidates.sort((a, b) => b.share - a.share || b.columns - a.columns);
  return candidates[0]?.delimiter;
}

/** The most frequent number of fields, and the share of records that have it. */
function regularity(text: string, delimiter: string): { columns: number; share: number } {
  const lengths = new Map<number, number>();
  let records = 0;
  for (const record of parse(text, {
    delimiter,
    to: RECORDS_LOOKED_AT,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    bom: true,
    // The head may end inside a quoted field.
    on_skip: () => undefined,
    skip_records_with_error: true,
  }) as string[][]) {
    records++;
    lengths.set(record.length, (lengths.get(record.length) ?? 0) + 1);
  }
  const [columns, count] = [...lengths].sort((a, b) => b[1] - a[1])[0] ?? [0, 0];
  return { columns, share: records === 0 ? 0 : count / records };
}
