import { Cron } from 'croner';

/** A schedule's expression has no times that can be told beforehand. */
export class NoSlotsError extends Error {
  override readonly name = 'NoSlotsError';
}

/**
 * The times that a schedule of EventBridge Scheduler stands for, from `from` to `to`, both included.
 *
 * @param expression `cron(minute hour day month weekday year)`, or `at(…)`. A rate has no times of its own: it counts from the moment that the
 *   schedule was made.
 * @param timeZone an IANA name. A time that a clock change skips is not run; one that it repeats is run once.
 * @throws NoSlotsError where the expression is a rate, or none that is known.
 * @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
 */
export function slotsBetween(expression: string, timeZone: string, from: Date, to: Date): Date[] {
  const once = /^at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)$/.exec(expression);
  const fields = once?.[1] ?? /^cron\((.+)\)$/.exec(expression)?.[1]?.trim();
  if (fields === undefined) {
    throw new NoSlotsError(
      /^rate\(/.test(expression)
        ? `the schedule is a ${expression}, which has no times of its own`
        : `the schedule's expression ${JSON.stringify(expression)} is none that can be read`,
    );
  }
  // AWS counts weekdays from 1 for Sunday, as Quartz does. Seconds are always 0.
  const cron = new Cron(once === null ? `0 ${fields}` : fields, {
    timezone: timeZone,
    paused: true,
    alternativeWeekdays: true,
  });
  const slots: Date[] = [];
  // A run at `from` itself counts, and Cron looks for what comes after.
  let next = cron.nextRun(new Date(from.getTime() - 1_000));
  while (next !== null && next <= to) {
    if (next >= from) slots.push(next);
    next = cron.nextRun(next);
  }
  return slots;
}
