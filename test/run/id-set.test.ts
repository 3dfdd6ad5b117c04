import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IdSet } from '#run/id-set.ts';
import { itemId } from '#run/ids.ts';

describe('IdSet', () => {
  it('has just what was added, in the order of each shard, whichever shard comes when', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(), { maxLength: 300 }), fc.array(fc.nat()), (added, asked) => {
        const ids = added.map((n) => itemId(String(n))).sort();
        const set = new IdSet();
        // The shards take turns.
        const byShard = Map.groupBy(ids, (id) => id.charAt(0));
        for (let turn = 0; turn < ids.length; turn++) {
          for (const list of byShard.values()) if (list[turn] !== undefined) set.add(list[turn] as string);
        }
        expect(set.size).toBe(ids.length);
        for (const id of [...ids, ...asked.map((n) => itemId(String(n)))]) expect(set.has(id)).toBe(ids.includes(id));
      }),
    );
  });

  it.each([
    ['one that is there', ['ab'.repeat(16), 'ab'.repeat(16)]],
    ['one that comes too late', ['ac'.repeat(16), 'ab'.repeat(16)]],
    ['what is no id', ['a.txt']],
  ])('refuses %s', (_, ids) => {
    const set = new IdSet();
    expect(() => {
      for (const id of ids) set.add(id);
    }).toThrow(RangeError);
  });
});
