import { quoted } from '../input/quoted.ts';
import type { ListEntry } from './list-entry.ts';

const FIRST_LINE = 'TsvHttpData-1.0';

/** Returns whether the first line marks the list as a URL list of Google's Storage Transfer Service. */
export function isTsvHttpData(firstLine: string | undefined): boolean {
  return firstLine?.trim() === FIRST_LINE;
}

/**
 * A URL list of Google's Storage Transfer Service: the line `TsvHttpData-1.0`, then on each line a URL, its size in
 * bytes and its MD5 in Base64, separated by tabs. Size and MD5 may be missing.
 *
 * https://cloud.google.com/storage-transfer/docs/create-url-list
 *
 * @param first the lines that were read already, with the first one.
 */
export async function* readTsvHttpData(
  first: readonly string[],
  others: AsyncIterable<readonly string[]>,
): AsyncGenerator<ListEntry> {
  let number = 1;
  const rest = async function* () {
    yield first.slice(1);
    yield* others;
  };
  for await (const batch of rest()) {
    for (const text of batch) {
      number += 1;
      if (text.trim() !== '') yield { where: `line ${number}`, ...entry(text) };
    }
  }
}

function entry(text: string): { value: unknown } | { problem: string } {
  const [url = '', size = '', md5 = '', ...more] = text.split('\t').map((field) => field.trim());
  if (more.length > 0)
    return { problem: `takes a URL, a size and an MD5, separated by tabs, got ${more.length + 3} fields` };
  if (!/^\d{0,15}$/.test(size)) return { problem: `takes a size in bytes in its second field, got ${quoted(size)}` };
  // 16 bytes are 22 characters of Base64 and two of padding.
  if (!/^([A-Za-z0-9+/]{22}==)?$/.test(md5)) {
    return { problem: `takes an MD5 in Base64 in its third field, got ${quoted(md5)}` };
  }
  const expect = {
    ...(size !== '' && { bytes: Number(size) }),
    ...(md5 !== '' && { md5: Buffer.from(md5, 'base64').toString('hex') }),
  };
  return { value: { url, ...(Object.keys(expect).length > 0 && { expect }) } };
}
