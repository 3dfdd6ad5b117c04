import { describe, expect, it } from 'vitest';
import { fillTemplate, TemplateError } from '#run/input/template.ts';

describe('fillTemplate', () => {
  const time = new Date('2026-03-01T00:30:00Z');

  it('fills every field from the scheduled time, in UTC by default', () => {
    expect(fillTemplate('trips-{yyyy}-{MM}-{dd}T{HH}{mm}.csv', time)).toBe('trips-2026-03-01T0030.csv');
  });

  it('reads the time in the zone that is asked for', () => {
    expect(fillTemplate('{yyyy}-{MM}-{dd} {HH}:{mm}', time, 'America/New_York')).toBe('2026-02-28 19:30');
  });

  it('leaves a text without a template as it is', () => {
    expect(fillTemplate('https://example.org/a%7Bb%7D', time)).toBe('https://example.org/a%7Bb%7D');
  });

  it.each(['{YYYY}', '{}', '{yyyy', 'yyyy}', '{{yyyy}}'])('refuses %s with what it takes', (template) => {
    expect(() => fillTemplate(template, time)).toThrow(TemplateError);
    expect(() => fillTemplate(template, time)).toThrow(/takes the template fields \{yyyy\}/);
  });
});
