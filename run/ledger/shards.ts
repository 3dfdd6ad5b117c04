/**
 * Ids are hashes, so their first digit divides a run's items into sixteen shards of nearly equal size. A ledger is
 * listed shard by shard, many at once: S3 returns 1,000 keys a call, and the calls of one listing have to be made one
 * after another.
 */
export const SHARDS = [...'0123456789abcdef'] as const;

/**
 * A run with so few items has one page of keys in each ledger. Sixteen listings would each cost as much as that page.
 */
const UNSHARDED_ITEMS = 1_000;

/** Returns the beginnings of ids to list by: each shard's digit, or one empty text for a short run. */
export function shardsOf(plan: { readonly items: number }): readonly string[] {
  return plan.items <= UNSHARDED_ITEMS ? [''] : SHARDS;
}

/** A number for each shard. */
export type PerShard<T> = Readonly<Record<string, T>>;

/** Counts the items of each shard. */
export function countByShard(ids: Iterable<string>): Record<string, number> {
  const counts: Record<string, number> = Object.fromEntries(SHARDS.map((shard) => [shard, 0]));
  for (const id of ids) {
    const shard = id.charAt(0);
    counts[shard] = (counts[shard] ?? 0) + 1;
  }
  return counts;
}
