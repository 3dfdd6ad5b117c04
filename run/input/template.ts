const FIELDS = ['yyyy', 'MM', 'dd', 'HH', 'mm'] as const;
type Field = (typeof FIELDS)[number];

/**
 * Fills `{yyyy}`, `{MM}`, `{dd}`, `{HH}` and `{mm}` of a URL or a key.
 *
 * The time is the one a run is scheduled for, not the one it starts at: a late or repeated run then names the same files.
 *
 * @param timeZone IANA name of the zone in which the time is read, such as `Europe/Berlin`.
 * @throws TemplateError naming each field that there is none of.
 */
export function fillTemplate(template: string, time: Date, timeZone = 'UTC'): string {
  const wrong = [...template.matchAll(/\{([^{}]*)\}/g)].map((match) => match[1] ?? '').filter((name) => !isField(name));
  if (wrong.length > 0 || /[{}]/.test(template.replace(/\{[^{}]*\}/g, ''))) {
    const found = wrong.length > 0 ? wrong.map((name) => `{${name}}`).join(', ') : 'a brace of its own';
    throw new TemplateError(
      `takes the template fields ${FIELDS.map((field) => `{${field}}`).join(' ')} and holds ${found}; write %7B and %7D for braces`,
    );
  }
  if (!template.includes('{')) return template;
  const fields = fieldsOf(time, timeZone);
  return template.replace(/\{([^{}]*)\}/g, (_, name: Field) => fields[name]);
}

/** A template that can't be filled. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

function isField(name: string): name is Field {
  return (FIELDS as readonly string[]).includes(name);
}

function fieldsOf(time: Date, timeZone: string): Record<Field, string> {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(time);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((one) => one.type === type)?.value ?? '';
  return {
    yyyy: part('year').padStart(4, '0'),
    MM: part('month'),
    dd: part('day'),
    HH: part('hour'),
    mm: part('minute'),
  };
}
