import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import * as z from 'zod';
import { EVENT_KINDS } from '#run/events/event.ts';
import type { NotStarted } from '#run/events/not-started.ts';
import { tellOnce } from '#run/events/tell-once.ts';
import { SLOTS_PREFIX, slotKey, toldOfSlotKey, WATCH_STATE_KEY } from '#run/keys.ts';
import { slotsBetween } from '#run/plan/schedule-slots.ts';
import { readJson, type Store, writeJson } from '#run/store.ts';
import type { Watch } from './watch.ts';

/** A schedule in the settings. */
export interface WatchedSchedule {
  readonly name: string;
  readonly expression: string;
  readonly timeZone: string;
}

/** Scheduler tries for 15 minutes to start an execution, and Plan has as long to claim the slot. */
const GRACE_MS = 30 * 60_000;
/** After a long pause, the watch reports the slots of one day, not a thousand slots. */
const LONGEST_LOOK_BACK_MS = 24 * 3_600_000;

/** `.watch/state.json`: the time up to which each schedule was checked, by its name, expression and time zone. */
const stateSchema = z.object({ v: z.literal(1), until: z.record(z.string(), z.iso.datetime()) });

/**
 * Sends an event for each time of a schedule that no run has claimed half an hour later. A schedule is checked from the
 * first call that knows it: earlier slots belonged to another deployment.
 *
 * @returns the slots that were reported now, as `name time`.
 */
export async function tellOfMissedStarts(
  { store, events, deployment }: Watch,
  schedules: readonly WatchedSchedule[],
  now: Date,
): Promise<string[]> {
  if (schedules.length === 0) return [];
  const before = await readJson(store, WATCH_STATE_KEY, stateSchema);
  const limit = new Date(now.getTime() - GRACE_MS);
  const until: Record<string, string> = {};
  const told: string[] = [];
  for (const schedule of schedules) {
    const { name, expression, timeZone } = schedule;
    const key = `${name} ${expression} ${timeZone}`;
    const last = before?.until[key];
    const { missed, lookedUntil } =
      last === undefined
        ? { missed: [], lookedUntil: limit }
        : await missedSince(store, schedule, new Date(last), limit);
    for (const slot of missed) {
      const scheduledTime = slot.toISOString();
      const detail: NotStarted = {
        v: 1,
        id: `${name}/${scheduledTime}`,
        deployment,
        schedule: name,
        scheduledTime,
      };
      const event = { kind: EVENT_KINDS.notStarted, at: now, resources: [], detail };
      if (await tellOnce(store, toldOfSlotKey(name, slot), events, event)) told.push(`${name} ${scheduledTime}`);
    }
    until[key] = lookedUntil.toISOString();
  }
  // The state is written last: after a call that died, the next one checks the same slots again.
  await writeJson(store, WATCH_STATE_KEY, { v: 1, until });
  return told;
}

interface Look {
  readonly missed: readonly Date[];
  readonly lookedUntil: Date;
}

/** Returns the slots after `last` and up to `limit` that no run has claimed. */
async function missedSince(
  store: Store,
  { name, expression, timeZone }: WatchedSchedule,
  last: Date,
  limit: Date,
): Promise<Look> {
  if (last >= limit) return { missed: [], lookedUntil: last };
  const rateMs = rateOf(expression);
  if (rateMs !== undefined) {
    // Only Scheduler knows the times of a rate. But every span as long as the rate contains one of them.
    if (limit.getTime() - last.getTime() < rateMs) return { missed: [], lookedUntil: last };
    return { missed: (await anyClaim(store, name, last, limit)) ? [] : [limit], lookedUntil: limit };
  }
  const from = new Date(Math.max(last.getTime() + 1, limit.getTime() - LONGEST_LOOK_BACK_MS));
  const missed: Date[] = [];
  for (const slot of slotsBetween(expression, timeZone, from, limit)) {
    if ((await readJson(store, slotKey(name, slot), z.unknown())) === undefined) missed.push(slot);
  }
  return { missed, lookedUntil: limit };
}

const UNIT_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

function rateOf(expression: string): number | undefined {
  const found = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression);
  return found === null ? undefined : Number(found[1]) * UNIT_MS[found[2] as keyof typeof UNIT_MS];
}

/**
 * Returns whether a slot of the schedule was claimed after `from` and up to `to`. The keys of claims are ordered by
 * time.
 */
async function anyClaim(store: Store, name: string, from: Date, to: Date): Promise<boolean> {
  const { Contents = [] } = await store.client.send(
    new ListObjectsV2Command({
      Bucket: store.bucket,
      Prefix: `${SLOTS_PREFIX}${name}/`,
      StartAfter: slotKey(name, from),
      MaxKeys: 1,
    }),
  );
  const first = Contents[0]?.Key;
  return first !== undefined && first <= slotKey(name, to);
}
