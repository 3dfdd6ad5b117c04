import type { PageItem } from '../browser/kit.js';

/** Those first that a reader has to look at: failed, missing, with bad rows, then the others as they are planned. */
export function byNeed(items: readonly PageItem[]): PageItem[] {
  return items.toSorted((one, other) => need(one) - need(other));
}

function need({ status, badRows = 0 }: PageItem): number {
  if (status === 'failed') return 0;
  if (status === 'missing') return 1;
  return badRows > 0 ? 2 : 3;
}
