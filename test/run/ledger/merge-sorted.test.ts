import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeSorted } from '#run/ledger/merge-sorted.ts';

async function* each(ids: readonly string[]) {
  yield* ids;
}

describe('mergeSorted', () => {
  it('mergeSorted returns each id once, in order, with exactly the lists that contain it', async () => {
    const ids = fc.uniqueArray(fc.constantFrom(...'abcdefgh'), { maxLength: 8 }).map((list) => list.sort());
    await fc.assert(
      fc.asyncProperty(fc.record({ one: ids, two: ids, three: ids }), async (lists) => {
        const merged = await Array.fromAsync(
          mergeSorted(Object.entries(lists).map(([name, list]) => [name, each(list)] as const)),
        );
        const all = [...new Set([...lists.one, ...lists.two, ...lists.three])].sort();
        expect(merged.map(({ id }) => id)).toEqual(all);
        for (const { id, lists: names } of merged) {
          const having = Object.entries(lists).filter(([, list]) => list.includes(id));
          expect([...names].sort()).toEqual(having.map(([name]) => name).sort());
        }
      }),
    );
  });
});
