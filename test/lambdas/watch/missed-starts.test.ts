import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { describe, expect, it } from 'vitest';
import { tellOfMissedStarts, type WatchedSchedule } from '#lambdas/watch/missed-starts.ts';
import { notStartedSchema } from '#run/events/not-started.ts';
import { slotKey } from '#run/keys.ts';
import { type Store, writeOnce } from '#run/store.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { eventQueue } from '#test/helpers/event-queue.ts';

const aws = useEmbeddedAws();

const nightly: WatchedSchedule = { name: 'nightly', expression: 'cron(30 4 * * ? *)', timeZone: 'Europe/Berlin' };
const hourly: WatchedSchedule = { name: 'hourly', expression: 'rate(1 hour)', timeZone: 'UTC' };

async function watching(schedules: readonly WatchedSchedule[]) {
  const store = await aws.store();
  const deployment = `Deployment-${store.bucket}`;
  const queue = await eventQueue(aws.client(), { detail: { deployment: [deployment] } });
  const watch = { store, events: new EventBridgeClient(aws.client()), deployment };
  return {
    store,
    queue,
    at: (time: string) => tellOfMissedStarts(watch, schedules, new Date(time)),
  };
}

const claimed = (store: Store, schedule: string, time: string) =>
  writeOnce(store, slotKey(schedule, new Date(time)), { v: 1 });

describe('a schedule that did not start', () => {
  it('a missed start is reported once, half an hour after its time', async () => {
    const { at, queue } = await watching([nightly]);
    // 04:30 in Berlin is 03:30 UTC.
    expect(await at('2026-11-27T03:20:00Z')).toEqual([]);
    expect(await at('2026-11-27T03:59:00Z')).toEqual([]);
    expect(await at('2026-11-27T04:05:00Z')).toEqual(['nightly 2026-11-27T03:30:00.000Z']);
    expect(await at('2026-11-27T04:20:00Z')).toEqual([]);
    await expect.poll(() => queue.events()).toHaveLength(1);
    expect(notStartedSchema.parse((await queue.events())[0]?.detail)).toMatchObject({
      schedule: 'nightly',
      scheduledTime: '2026-11-27T03:30:00.000Z',
    });
  });

  it('a start is not reported if a run has claimed the slot', async () => {
    const { at, store } = await watching([nightly]);
    await at('2026-11-27T03:20:00Z');
    await claimed(store, 'nightly', '2026-11-27T03:30:00Z');
    expect(await at('2026-11-27T04:05:00Z')).toEqual([]);
  });

  it('a schedule is checked only from the first call that knows it', async () => {
    const { at } = await watching([nightly]);
    expect(await at('2026-11-27T12:00:00Z')).toEqual([]);
    expect(await at('2026-11-28T12:00:00Z')).toEqual(['nightly 2026-11-28T03:30:00.000Z']);
  });

  it('only one day of missed starts is reported if the watch did not run for many days', async () => {
    const { at } = await watching([nightly]);
    await at('2026-11-01T12:00:00Z');
    expect(await at('2026-11-20T12:00:00Z')).toEqual(['nightly 2026-11-20T03:30:00.000Z']);
  });

  it('a schedule with a rate has no fixed times: one claim in each period of the rate is enough', async () => {
    const { at, store } = await watching([hourly]);
    await at('2026-11-27T10:00:00Z');
    await claimed(store, 'hourly', '2026-11-27T09:47:00Z');
    expect(await at('2026-11-27T10:45:00Z')).toEqual([]);
    expect(await at('2026-11-27T11:00:00Z')).toEqual([]);
    // The one of 10:47 is missing.
    expect(await at('2026-11-27T11:45:00Z')).toEqual([]);
    expect(await at('2026-11-27T12:00:00Z')).toEqual(['hourly 2026-11-27T11:30:00.000Z']);
  });
});
