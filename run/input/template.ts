import { Temporal } from 'temporal-polyfill';
import { quoted } from './quoted.ts';

type Time = Temporal.ZonedDateTime;

const two = (number: number) => String(number).padStart(2, '0');

const FIELDS: Readonly<Record<string, (time: Time) => string>> = {
  yyyy: ({ year }) => String(year).padStart(4, '0'),
  MM: ({ month }) => two(month),
  dd: ({ day }) => two(day),
  HH: ({ hour }) => two(hour),
  mm: ({ minute }) => two(minute),
  // Without the offset, the hour that a clock change repeats would give two files the same name.
  Z: ({ offset }) => offset.slice(0, 6).replace(':', ''),
};
const FIELD = new RegExp(Object.keys(FIELDS).join('|'), 'g');
/** One or more fields, and the characters that people write between them. */
const PATTERN = new RegExp(`^(?:${Object.keys(FIELDS).join('|')}|[-_.:/T])+$`);

const UNITS: Readonly<Record<string, string>> = { y: 'years', M: 'months', d: 'days', h: 'hours', m: 'minutes' };
const SHIFT = /^([+-]\d{1,4})([yMdhm])$/;

/**
 * Fills templates in a URL or a key: `{yyyy}`, `{MM}`, `{dd}`, `{HH}`, `{mm}`, and `{Z}` for the zone's offset from
 * UTC, alone or together as in `{yyyy-MM-dd}`, and moved in time as in `{yyyy-MM-dd|-1d}` (`y`, `M`, `d`, `h`, `m`).
 *
 * Years, months and days are those of the calendar: the day before a clock change is one day earlier, not 24 hours, and
 * a month before 31 March is the last of February. Hours and minutes are elapsed time.
 *
 * The time is the one that a run is scheduled for, not the one at which it starts: a late or repeated run then names
 * the same files.
 *
 * @param timeZone IANA name of the zone in which the time is read, such as `Europe/Berlin`.
 * @throws TemplateError, which names each invalid template.
 */
export function fillTemplate(template: string, time: Date, timeZone = 'UTC'): string {
  const wrong = [...template.matchAll(/\{([^{}]*)\}/g)]
    .map(([, inner = '']) => inner)
    .filter((inner) => !isField(inner));
  if (wrong.length > 0 || /[{}]/.test(template.replace(/\{[^{}]*\}/g, ''))) {
    const found = wrong.length > 0 ? wrong.map((inner) => quoted(`{${inner}}`)).join(', ') : 'a single brace';
    throw new TemplateError(
      `takes the template fields ${Object.keys(FIELDS)
        .map((field) => `{${field}}`)
        .join(' ')}, also together as in ` +
        `{yyyy-MM-dd} and moved as in {yyyy-MM-dd|-1d} (y, M, d, h, m), got ${found}; write %7B and %7D for braces`,
    );
  }
  if (!template.includes('{')) return template;
  const scheduled = Temporal.Instant.fromEpochMilliseconds(time.getTime()).toZonedDateTimeISO(timeZone);
  return template.replace(/\{([^{}]*)\}/g, (_, inner: string) => {
    const [pattern = '', shift] = inner.split('|');
    const moved = shift === undefined ? scheduled : shifted(scheduled, shift, template);
    return pattern.replace(FIELD, (field) => FIELDS[field]?.(moved) ?? '');
  });
}

/** A template that can't be filled. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

function isField(inner: string): boolean {
  const [pattern = '', shift, ...more] = inner.split('|');
  if (more.length > 0 || (shift !== undefined && !SHIFT.test(shift))) return false;
  return PATTERN.test(pattern) && pattern.search(FIELD) >= 0;
}

function shifted(time: Time, shift: string, template: string): Time {
  const [, count, unit = ''] = SHIFT.exec(shift) ?? [];
  const moved = time.add({ [UNITS[unit] ?? '']: Number(count) });
  if (moved.year < 0 || moved.year > 9_999) {
    throw new TemplateError(`${quoted(template)} leads to the year ${moved.year}, but a year must be from 0 to 9999`);
  }
  return moved;
}

/** Receives a problem of the input, as a line that begins with its path. */
export type Report = (problem: string) => void;

/** Fills a template. Reports a problem, and then returns undefined. */
export function filled(
  template: string,
  path: string,
  defaults: { readonly scheduledTime: Date; readonly timeZone: string },
  report: Report,
): string | undefined {
  try {
    return fillTemplate(template, defaults.scheduledTime, defaults.timeZone);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    report(`${path}: ${error.message}`);
    return undefined;
  }
}
