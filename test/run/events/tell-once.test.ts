import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { beforeAll, describe, expect, it } from 'vitest';
import { EVENT_KINDS, EVENT_SOURCE } from '#run/events/event.ts';
import { runEnded, runEndedSchema, tellOfEnd } from '#run/events/run-ended.ts';
import { EventRefusedError } from '#run/events/tell-once.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { eventQueue } from '#test/helpers/event-queue.ts';
import { endRun, sourceNamed, writePlan } from '#test/helpers/run.ts';

const aws = useEmbeddedAws();
let client: EventBridgeClient;
beforeAll(() => {
  client = new EventBridgeClient(aws.client());
});

describe('the event of an ended run', () => {
  it('the event of an end is sent once, however often the step runs, and again for the next end', async () => {
    const store = await aws.store();
    const deployment = `Deployment-${store.bucket}`;
    const queue = await eventQueue(aws.client(), { detail: { deployment: [deployment] } });
    const plan = await writePlan(store, 'told', [sourceNamed('a', null)], { schedule: 'nightly' });
    const manifest = await endRun(store, plan, { forced: true, reason: 'late' });
    const event = runEnded({ deployment, bucket: store.bucket }, plan, manifest);
    expect(await tellOfEnd(store, client, event)).toBe(true);
    expect(await tellOfEnd(store, client, event)).toBe(false);
    const later = { ...event, id: `told/${new Date().toISOString()}` };
    expect(await tellOfEnd(store, client, later)).toBe(true);

    await expect.poll(async () => (await queue.events()).length).toBe(2);
    const [first] = await queue.events();
    expect(first).toMatchObject({ source: EVENT_SOURCE, 'detail-type': EVENT_KINDS.runEnded });
    expect(runEndedSchema.parse(first?.detail)).toMatchObject({
      runId: 'told',
      schedule: 'nightly',
      scheduledTime: plan.scheduledTime,
      outcome: 'partial',
      forced: true,
      reason: 'late',
      problem: { code: 'gate-late' },
      counts: { items: 1, missing: 1 },
      manifest: 'runs/told/manifest.json',
    });
  });

  it('an event that EventBridge refuses is an error, and the next attempt sends it', async () => {
    const store = await aws.store();
    const plan = await writePlan(store, 'refused', [sourceNamed('a', null)]);
    const manifest = await endRun(store, plan, { forced: false, reason: null });
    const event = runEnded({ deployment: 'D', bucket: store.bucket }, plan, manifest);
    const refusing = {
      send: async () => ({
        FailedEntryCount: 1,
        Entries: [{ ErrorCode: 'InternalFailure', ErrorMessage: 'try again' }],
      }),
    };
    const told = tellOfEnd(store, refusing as unknown as EventBridgeClient, event);
    await expect(told).rejects.toThrow(EventRefusedError);
    await expect(told).rejects.toThrow(': InternalFailure: try again');
    expect(await tellOfEnd(store, client, event)).toBe(true);
  });

  it('an event has a valid size, however long the reason is', async () => {
    const store = await aws.store();
    const plan = await writePlan(store, 'long', [sourceNamed('a', null)]);
    const manifest = await endRun(store, plan, { forced: true, reason: 'x'.repeat(500_000) });
    const event = runEnded({ deployment: 'D', bucket: store.bucket }, plan, manifest);
    expect(event.reason).toHaveLength(2_000);
  });
});
