import { describe, expect, it } from 'vitest';
import { failureSchema } from '#run/ledger/records.ts';
import { planSummarySchema } from '#run/plan/plan-summary.ts';
import { readJson, type Store } from '#run/store.ts';

/** A bucket that holds this under every key. */
function storeWith(value: unknown): Store {
  const Body = { transformToString: async () => JSON.stringify(value) };
  return { bucket: 'b', client: { send: async () => ({ Body, ETag: '"e"' }) } as never };
}

const FAILURE = {
  v: 1,
  runId: 'r',
  item: 'i',
  name: 'n',
  at: '2026-11-27T10:00:00Z',
  stage: 'process',
  problem: { type: 't', code: 'c', title: 't', detail: 'd', mend: 'm', allowedBy: 'never', error: 'E' },
  attempts: 1,
};

describe('a record', () => {
  it('a record of a newer version is distinguished from a broken one', async () => {
    const read = (value: unknown) => readJson(storeWith(value), 'k', failureSchema);
    await expect(read({ ...FAILURE, v: 2 })).rejects.toMatchObject({ name: 'NewerVersionError' });
    await expect(read({ v: 3 })).rejects.toThrow('written by a newer version of Sluice: s3://b/k: v: ');
    for (const broken of [{ ...FAILURE, v: 0 }, { ...FAILURE, v: '2' }, { ...FAILURE, stage: 'x' }, { v: 1 }, null]) {
      await expect(read(broken)).rejects.toMatchObject({ name: 'UnreadableRecordError' });
    }
  });

  it('a record with an additional key is read without it', async () => {
    expect(await readJson(storeWith({ ...FAILURE, more: 1 }), 'k', failureSchema)).toEqual(FAILURE);
    await expect(readJson(storeWith({ v: 1, more: 1 }), 'k', planSummarySchema)).rejects.toMatchObject({
      name: 'UnreadableRecordError',
    });
  });
});
