import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { itemId } from '#run/ids.ts';
import { IdSet } from '#run/ledger/id-set.ts';

describe('IdSet', () => {
  it('IdSet contains exactly the added ids, in any order', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(), { maxLength: 300 }),
        fc.array(fc.nat()),
        fc.boolean(),
        (added, asked, sorted) => {
          const ids = added.map((n) => itemId(String(n)));
          if (sorted) ids.sort();
          const set = new IdSet();
          for (const id of ids) set.add(id);
          expect(set.size).toBe(ids.length);
          for (const id of [...ids, ...asked.map((n) => itemId(String(n)))]) expect(set.has(id)).toBe(ids.includes(id));
        },
      ),
    );
  });

  it('IdSet accepts more ids after a search', () => {
    const set = new IdSet();
    for (const byte of ['ac', 'aa', 'ab']) {
      set.add(byte.repeat(16));
      expect(set.has('aa'.repeat(16))).toBe(byte !== 'ac');
    }
    expect([set.has('ab'.repeat(16)), set.has('ac'.repeat(16)), set.size]).toEqual([true, true, 3]);
  });

  it('IdSet refuses a text that is not an id', () => {
    expect(() => new IdSet().add('a.txt')).toThrow(RangeError);
  });
});
