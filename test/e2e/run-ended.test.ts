import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunEnded, runEndedSchema } from '#run/events/run-ended.ts';
import { useDeployedAws } from '#test/helpers/deployed.ts';
import { eventQueue } from '#test/helpers/event-queue.ts';
import { csvNamed, startWeb, type Web } from '#test/helpers/web.ts';

const aws = await useDeployedAws();
/** The rule that the documentation gives. */
const pattern = JSON.parse(
  readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')
    .split('```json pattern\n')[1]
    ?.split('```')[0] ?? '',
);
let web: Web;
let told: () => Promise<RunEnded[]>;

beforeAll(async () => {
  web = await startWeb((request, response) => {
    if (request.url?.startsWith('/none')) return void response.writeHead(404).end();
    response.writeHead(200).end(csvNamed(request.url ?? ''));
  });
  const queue = await eventQueue(aws.client, pattern);
  told = async () => (await queue.events()).map(({ detail }) => runEndedSchema.parse(detail));
});
afterAll(() => web.stop());

const about = async (runId: string) => (await told()).filter((event) => event.runId === runId);

describe("a rule on runs that aren't complete", () => {
  it("a rule on runs that aren't complete receives a partial run with its counts, and no complete run", async () => {
    const complete = await aws.run({ sources: [{ url: `${web.url}/ended-a`, key: 'ended/a' }] });
    const partial = await aws.run({
      sources: ['/ended-b', '/none'].map((path) => ({ url: web.url + path, key: `ended${path}` })),
    });
    expect([complete.manifest?.outcome, partial.manifest?.outcome]).toEqual(['complete', 'partial']);
    await expect.poll(() => about(partial.runId)).toHaveLength(1);
    expect((await about(partial.runId))[0]).toMatchObject({
      deployment: 'Sluice',
      outcome: 'partial',
      forced: false,
      counts: { items: 2, done: 1, failed: 1, missing: 0 },
      endedAt: partial.manifest?.closedAt,
    });
    expect(await about(complete.runId)).toEqual([]);
  });

  it("a rule on runs that aren't complete receives an execution whose input was refused, with the schedule that it names", async () => {
    const scheduledTime = '2026-11-24T04:30:00Z';
    const refused = await aws.run({ sources: [{ url: 'no url' }], schedule: 'refused', scheduledTime });
    expect(refused).toMatchObject({ status: 'FAILED', error: 'InvalidInputError' });
    await expect.poll(() => about(refused.runId)).toHaveLength(1);
    expect((await about(refused.runId))[0]).toMatchObject({
      outcome: 'failed',
      reason: expect.stringContaining('InvalidInputError'),
      problem: expect.objectContaining({ code: 'invalid-input', detail: expect.stringContaining('no url') }),
      schedule: 'refused',
      scheduledTime: '2026-11-24T04:30:00.000Z',
      counts: null,
      manifest: null,
    });
  });

  it('a second start for a slot sends no event, because the first start has its own end', async () => {
    const slot = { schedule: 'twice', scheduledTime: '2026-11-24T04:30:00Z' };
    // A first run that fails would hand its slot to the second.
    const sources = ['/twice', '/none-twice'].map((path) => ({ url: web.url + path, key: `ended${path}` }));
    const first = await aws.run({ sources, ...slot });
    const second = await aws.run({ sources, ...slot });
    expect(second.error).toBe('AlreadyClaimedError');
    await expect.poll(() => about(first.runId)).toHaveLength(1);
    // What closes the second one has run by then: an execution of it that came later has ended.
    const later = await aws.run({ sources: [{ url: 'no url' }] });
    await expect.poll(() => about(later.runId)).toHaveLength(1);
    expect(await about(second.runId)).toEqual([]);
  });
});
