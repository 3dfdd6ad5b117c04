import { describe, expect, it } from 'vitest';
import { SLOTS_PREFIX } from '#run/keys.ts';
import { claimSchema } from '#run/plan/claim.ts';
import { listKeys, readJson } from '#run/store.ts';
import { useDeployedAws } from '#test/helpers/deployed.ts';

const aws = await useDeployedAws();

describe('a schedule', () => {
  it("a schedule starts a run that claims its slot, and fills the slot's time in the zone of the schedule into the names of files", async () => {
    const slots = () => Array.fromAsync(listKeys(aws.store, `${SLOTS_PREFIX}often/`));
    await expect.poll(async () => (await slots()).length, { interval: 500 }).toBeGreaterThan(0);
    const [slot = ''] = await slots();
    const claim = await readJson(aws.store, slot, claimSchema);
    const run = await aws.end(claim?.executionArn ?? '');
    expect(run).toMatchObject({
      status: 'SUCCEEDED',
      manifest: { outcome: 'complete', counts: { items: 1, landed: 1 } },
    });

    const time = new Date(slot.slice(`${SLOTS_PREFIX}often/`.length).replace(/\.json$/, ''));
    const inBerlin = time.toLocaleString('sv-SE', { timeZone: 'Europe/Berlin' });
    const [day, clock = ''] = inBerlin.split(' ');
    expect(run.items[0]?.name).toBe(`scheduled/${day}/${clock.slice(0, 2)}${clock.slice(3, 5)}.csv`);
  });
});
