import type { PageItem } from '../browser/kit.js';

/**
 * Sorts the items that need the reader's attention first: failed, missing, with bad rows, then the others in the order
 * of the plan.
 */
export function byNeed(items: readonly PageItem[]): PageItem[] {
  return items.toSorted((one, other) => need(one) - need(other));
}

function need({ status, badRows = 0 }: PageItem): number {
  if (status === 'failed') return 0;
  if (status === 'missing') return 1;
  return badRows > 0 ? 2 : 3;
}
