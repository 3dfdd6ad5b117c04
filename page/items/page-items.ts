import { readItemLines } from '#run/end/item-line.ts';
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
  const items: PageItem[] = [];
  for await (const line of readItemLines(store, key)) {
    items.push(pageItem(line, startMs));
    if (items.length === ITEMS_ON_PAGE) break;
  }
  return items;
}
