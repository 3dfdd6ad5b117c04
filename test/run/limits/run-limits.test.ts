import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fetchMessageOf } from '#run/fleet/message-of.ts';
import { itemId } from '#run/ids.ts';
import type { SourceItem } from '#run/item.ts';
import { runKeys } from '#run/keys.ts';
import { landedSchema } from '#run/ledger/records.ts';
import { RunLimits } from '#run/limits/run-limits.ts';
import { readJson, type Store } from '#run/store.ts';
import { TooLargeError } from '#transfer/index.ts';
import { useEmbeddedAws } from '../../helpers/aws.ts';
import { startWeb, type Web } from '../../helpers/web.ts';
import { WorkerRig } from '../../helpers/worker.ts';

const aws = useEmbeddedAws();
let store: Store;
beforeAll(async () => {
  store = await aws.store();
});

describe('within a run', () => {
  it("a source may read the smaller of its own limit and the rest of the run's", async () => {
    const limits = new RunLimits(store, 1_000);
    const given = (sourceBytes: number) => limits.within('lesser', sourceBytes, async (maxBytes) => maxBytes);
    expect(await given(600)).toBe(600);
    await limits.spend('lesser', 700);
    expect(await given(600)).toBe(300);
    await limits.spend('lesser', 300);
    await expect(given(600)).rejects.toMatchObject({ name: 'RunLimitError' });
  });

  it('the error names the limit that was exceeded: the limit of the run or of the source', async () => {
    const limits = new RunLimits(store, 1_000);
    const tooLarge = () => Promise.reject(new TooLargeError('a holds 2000 bytes, and fewer are allowed'));
    await expect(limits.within('blame', 500, tooLarge)).rejects.toMatchObject({ name: 'TooLargeError' });
    await limits.spend('blame', 700);
    const failure = await limits.within('blame', 500, tooLarge).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'RunLimitError', cause: { name: 'TooLargeError' } });
    expect(String(failure)).toMatch(/700 bytes of the allowed 1000.*limits\.runGiB/);
  });

  it('large byte counts are written immediately, and small ones at a flush', async () => {
    const limits = new RunLimits(store, 1_000);
    const left = () => new RunLimits(store, 1_000).within('told', 1_000, async (maxBytes) => maxBytes);
    await limits.spend('told', 9);
    expect(await left()).toBe(1_000);
    await limits.spend('told', 1);
    expect(await left()).toBe(990);
    await limits.spend('told', 5);
    await limits.flush('told');
    expect(await left()).toBe(985);
  });
});

describe('a body without a length, landed by a worker', () => {
  let web: Web | undefined;
  afterEach(() => web?.stop());

  it('a body without a length ends when the run’s bytes are used up, by name, and leaves nothing behind', async () => {
    // Endless: the reader has to stop by itself.
    web = await startWeb((_request, response) => {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    });
    const rig = new WorkerRig(store, await aws.queue(), 'endless', []);
    await new RunLimits(store, 20_000_000).spend(rig.runId, 5_000_000);
    const url = `${web.url}/endless`;
    const item: SourceItem = { kind: 'source', id: itemId(url), url, key: 'endless.bin', process: null };
    const message = fetchMessageOf(rig.runId, item);
    await rig.send(message);
    expect(await rig.work({ runBytes: 20_000_000 })).toMatchObject({ failed: 1 });
    expect(await rig.failure(message)).toMatchObject({
      problem: { error: 'RunLimitError', detail: expect.stringContaining('15000000') },
      attempts: 1,
    });
    expect(await readJson(store, runKeys(rig.runId).record('landed', item.id), landedSchema)).toBeUndefined();
  });
});
