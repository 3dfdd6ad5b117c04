import { Cron } from 'croner';

/** The times of a schedule's expression can't be computed in advance. */
export class NoSlotsError extends Error {
  override readonly name = 'NoSlotsError';
}

/**
 * Computes the times of an EventBridge Scheduler expression from `from` to `to`, both included.
 *
 * @param expression `cron(minute hour day month weekday year)`, or `at(…)`. A rate has no fixed times: it counts from
 * the moment at which the schedule was created.
 * @param timeZone an IANA name. A time that a clock change skips is not run; one that it repeats is run once.
 * @throws NoSlotsError if the expression is a rate, or of no known form.
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 */
export function slotsBetween(expression: string, timeZone: string, from: Date, to: Date): Date[] {
  const once = /^at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)$/.exec(expression);
  const fields = once?.[1] ?? /^cron\((.+)\)$/.exec(expression)?.[1]?.trim();
  if (fields === undefined) {
    throw new NoSlotsError(
      /^rate\(/.test(expression)
        ? `the schedule is a ${expression}, which has no fixed times`
        : `the schedule's expression ${JSON.stringify(expression)} has a form that Sluice can't read`,
    );
  }
  // AWS counts weekdays from 1 for Sunday, as Quartz does. Seconds are always 0.
  const cron = new Cron(once === null ? `0 ${fields}` : fields, {
    timezone: timeZone,
    paused: true,
    alternativeWeekdays: true,
  });
  const slots: Date[] = [];
  // A run at exactly `from` counts too, but Cron returns only later times. So it starts one second earlier.
  let next = cron.nextRun(new Date(from.getTime() - 1_000));
  while (next !== null && next <= to) {
    if (next >= from) slots.push(next);
    next = cron.nextRun(next);
  }
  return slots;
}
