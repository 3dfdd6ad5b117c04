import { describe, expect, it } from 'vitest';
import { slotsBetween } from '#run/plan/schedule-slots.ts';

const slots = (expression: string, timeZone: string, from: string, to: string) =>
  slotsBetween(expression, timeZone, new Date(from), new Date(to)).map((slot) => slot.toISOString());

describe('the times of a schedule', () => {
  it('a cron expression gives all its times in a span, including both ends', () => {
    expect(slots('cron(30 4 * * ? *)', 'UTC', '2026-11-01T04:30:00Z', '2026-11-03T04:30:00Z')).toEqual([
      '2026-11-01T04:30:00.000Z',
      '2026-11-02T04:30:00.000Z',
      '2026-11-03T04:30:00.000Z',
    ]);
  });

  it('the times are local to the time zone, also across a clock change', () => {
    expect(slots('cron(30 4 * * ? *)', 'Europe/Berlin', '2026-10-24T00:00:00Z', '2026-10-26T00:00:00Z')).toEqual([
      '2026-10-24T02:30:00.000Z',
      '2026-10-25T03:30:00.000Z',
    ]);
  });

  it('weekdays count from Sunday, as in EventBridge', () => {
    // 2 is Monday; 2026-11-02 is one.
    expect(slots('cron(0 6 ? * 2 *)', 'UTC', '2026-11-01T00:00:00Z', '2026-11-09T00:00:00Z')).toEqual([
      '2026-11-02T06:00:00.000Z',
    ]);
    expect(slots('cron(0 6 ? * MON-TUE *)', 'UTC', '2026-11-01T00:00:00Z', '2026-11-05T00:00:00Z')).toEqual([
      '2026-11-02T06:00:00.000Z',
      '2026-11-03T06:00:00.000Z',
    ]);
  });

  it('the times are only in the year of the expression', () => {
    expect(slots('cron(0 0 1 1 ? 2025)', 'UTC', '2024-01-01T00:00:00Z', '2026-12-31T00:00:00Z')).toEqual([
      '2025-01-01T00:00:00.000Z',
    ]);
  });

  it('at(…) has one time', () => {
    expect(slots('at(2026-11-05T10:00:00)', 'Asia/Tokyo', '2026-11-01T00:00:00Z', '2026-11-30T00:00:00Z')).toEqual([
      '2026-11-05T01:00:00.000Z',
    ]);
  });

  it.each([
    ['rate(5 minutes)', 'has no fixed times'],
    ['sometimes', "a form that Sluice can't read"],
  ])('there are no times for %s', (expression, message) => {
    expect(() => slots(expression, 'UTC', '2026-11-01T00:00:00Z', '2026-11-02T00:00:00Z')).toThrow(message);
  });
});
