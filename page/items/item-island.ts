import type { PageItem } from '../browser/kit.js';

/**
 * Fields are written unchanged, or as the number of a word that many items share. Pairs are written one after the
 * other, the first value of each as a word.
 */
const FIELDS = [
  ['folder', 'word'],
  ['name', 'value'],
  ['status', 'word'],
  ['landed', 'value'],
  ['urlFolder', 'word'],
  ['bytes', 'value'],
  ['start', 'value'],
  ['transfer', 'value'],
  ['proofs', 'word'],
  ['parts', 'value'],
  ['peakMiB', 'value'],
  ['queue', 'value'],
  ['work', 'value'],
  ['processor', 'word'],
  ['format', 'word'],
  ['rows', 'value'],
  ['badRows', 'value'],
  ['columns', 'value'],
  ['columnList', 'word'],
  ['worker', 'word'],
  ['attempts', 'value'],
  ['retries', 'value'],
  ['outputs', 'pairs'],
  ['outputRoot', 'word'],
  ['outputItem', 'value'],
  ['outputRest', 'word'],
  ['moreOutputs', 'value'],
  ['badRowsSeen', 'word'],
  ['error', 'word'],
  ['message', 'word'],
  ['notChecked', 'word'],
  ['notes', 'word'],
  ['publishedTo', 'word'],
  ['urlRest', 'value'],
  ['id', 'value'],
  ['key', 'value'],
] as const;

/**
 * Items as the page's script reads them (`browser/run-page.js`): a row of values each, and the words that rows share.
 */
export interface ItemIsland {
  readonly fields: typeof FIELDS;
  readonly words: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/**
 * Packs as many items as there is room for: 10,000 items are some 1.5 MB in this form, and 6 MB as plain JSON.
 *
 * @param mostBytes the approximate limit for the JSON.
 */
export function packItems(items: Iterable<PageItem>, mostBytes: number): ItemIsland {
  const words: string[] = [];
  const numbers = new Map<string, number>();
  const rows: unknown[][] = [];
  let bytes = 0;
  const numberOf = (word: string): number => {
    const known = numbers.get(word);
    if (known !== undefined) return known;
    numbers.set(word, words.push(word) - 1);
    bytes += jsonBytes(word);
    return words.length - 1;
  };
  for (const item of items) {
    const divided: Readonly<Record<string, unknown>> = { ...item, ...dividedNames(item) };
    const row = FIELDS.map(([name, kind]) => {
      const value = divided[name] ?? null;
      if (value === null || kind === 'value') return value;
      if (kind === 'word') return numberOf(String(value));
      return (value as NonNullable<PageItem['outputs']>).flatMap(([word, bytes]) => [numberOf(word), bytes]);
    });
    row.length = row.findLastIndex((value) => value !== null) + 1;
    bytes += jsonBytes(row);
    if (bytes > mostBytes) break;
    rows.push(row);
  }
  return { fields: FIELDS, words, rows };
}

/** Many items share a folder, and most end as their URL does. */
function dividedNames({ name, url, outputFolder = '' }: PageItem) {
  const at = name.lastIndexOf('/') + 1;
  const rest = name.slice(at);
  const [, outputRoot, outputItem, outputRest] = /^(output\/[^/]+\/)([^/]+)(\/.*)$/.exec(outputFolder) ?? [];
  const urlAt = (url?.lastIndexOf('/') ?? 0) + 1;
  const urlRest = url?.slice(urlAt);
  return {
    ...{ outputRoot, outputItem, outputRest },
    folder: name.slice(0, at) || null,
    name: rest,
    urlFolder: url?.slice(0, urlAt),
    urlRest: urlRest === rest ? null : urlRest,
  };
}

/** A comma goes with each; `<` is written as six characters. */
function jsonBytes(value: unknown): number {
  const text = JSON.stringify(value);
  return Buffer.byteLength(text) + 5 * (text.split('<').length - 1) + 1;
}
