/** One id, and the lists that contain it. */
export interface Merged<N extends string> {
  readonly id: string;
  readonly lists: ReadonlySet<N>;
}

/**
 * Walks through sorted lists side by side, and returns each id once with the lists that contain it. It holds only the
 * next id of each list in memory, so the lists may have any length.
 *
 * @param lists ids of each in ascending order, as S3 lists keys.
 */
export async function* mergeSorted<N extends string>(
  lists: readonly (readonly [name: N, ids: AsyncIterable<string>])[],
): AsyncGenerator<Merged<N>> {
  const walks = lists.map(([name, ids]) => ({
    name,
    iterator: ids[Symbol.asyncIterator](),
    head: undefined as string | undefined,
  }));
  const advance = async (walk: (typeof walks)[number]) => {
    const next = await walk.iterator.next();
    walk.head = next.done === true ? undefined : next.value;
  };
  await Promise.all(walks.map(advance));
  for (;;) {
    let id: string | undefined;
    for (const { head } of walks) if (head !== undefined && (id === undefined || head < id)) id = head;
    if (id === undefined) return;
    const here = walks.filter((walk) => walk.head === id);
    yield { id, lists: new Set(here.map((walk) => walk.name)) };
    for (const walk of here) await advance(walk);
  }
}
