/**
 * Ids are hashes, so their first digit divides a run's items into sixteen shards of nearly equal size. A ledger is
 * listed shard by shard, many at once: S3 gives 1,000 keys a call, one call after the other.
 */
export const SHARDS = [...'0123456789abcdef'] as const;

/** A run of so few items has one page of keys in each ledger, and sixteen lists would each cost what that one does. */
const UNSHARDED_ITEMS = 1_000;

/** What the ids begin with that are listed together: each shard's digit, or nothing in a short run. */
export function shardsOf(plan: { readonly items: number }): readonly string[] {
  return plan.items <= UNSHARDED_ITEMS ? [''] : SHARDS;
}

/** A number for each shard. */
export type PerShard<T> = Readonly<Record<string, T>>;

/** How many items there are in each shard. */
export function countByShard(ids: Iterable<string>): Record<string, number> {
  const counts: Record<string, number> = Object.fromEntries(SHARDS.map((shard) => [shard, 0]));
  for (const id of ids) {
    const shard = id.charAt(0);
    counts[shard] = (counts[shard] ?? 0) + 1;
  }
  return counts;
}
