import { GetObjectCommand } from '@aws-sdk/client-s3';
import { itemLineSchema, MOST_LINE_CHARACTERS } from '#run/end/manifest.ts';
import { readLines } from '#run/input/lines.ts';
import type { Store } from '#run/store.ts';
import type { PageItem } from '../browser/kit.js';
import { pageItem } from './page-item.ts';

/** A page reads this many items: the first ones of the plan. */
export const ITEMS_ON_PAGE = 10_000;

/**
 * Reads the first items of an `items.jsonl`. Each item is reduced to what a page shows while it is read, because a line
 * may be a megabyte.
 */
export async function readPageItems(store: Store, key: string, startMs: number): Promise<PageItem[]> {
  const { Body } = await store.client.send(new GetObjectCommand({ Bucket: store.bucket, Key: key }));
  const items: PageItem[] = [];
  if (Body === undefined) return items;
  for await (const line of readLines(Body as AsyncIterable<Uint8Array>, MOST_LINE_CHARACTERS)) {
    if (line === '') continue;
    items.push(pageItem(itemLineSchema.parse(JSON.parse(line)), startMs));
    if (items.length === ITEMS_ON_PAGE) break;
  }
  return items;
}
