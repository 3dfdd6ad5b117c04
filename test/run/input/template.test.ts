import { describe, expect, it } from 'vitest';
import { fillTemplate, TemplateError } from '#run/input/template.ts';

describe('fillTemplate', () => {
  const time = new Date('2026-03-01T00:30:00Z');

  it('fillTemplate fills every field from the scheduled time, in UTC by default', () => {
    expect(fillTemplate('trips-{yyyy}-{MM}-{dd}T{HH}{mm}.csv', time)).toBe('trips-2026-03-01T0030.csv');
  });

  it('fillTemplate reads the time in the requested zone', () => {
    expect(fillTemplate('{yyyy}-{MM}-{dd} {HH}:{mm}', time, 'America/New_York')).toBe('2026-02-28 19:30');
  });

  it('fillTemplate does not change a text without a template', () => {
    expect(fillTemplate('https://example.org/a%7Bb%7D', time)).toBe('https://example.org/a%7Bb%7D');
  });

  it('fillTemplate fills fields together in one pair of braces', () => {
    expect(fillTemplate('{yyyy-MM-dd}/{yyyyMMddTHHmm}/{yyyy/MM}.csv', time)).toBe(
      '2026-03-01/20260301T0030/2026/03.csv',
    );
  });

  it.each([
    ['{yyyy-MM-dd|-1d}', '2026-02-28'],
    ['{dd|-1d}.{MM|-1d}.{yyyy|-1d}', '28.02.2026'],
    ['{yyyy-MM-dd|+31d}', '2026-04-01'],
    ['{yyyy-MM|-1M}', '2026-02'],
    ['{yyyy|-1y}', '2025'],
    ['{yyyy-MM-dd HH|-1h}', undefined],
    ['{yyyy-MM-ddTHH|-1h}', '2026-02-28T23'],
    ['{HHmm|+45m}', '0115'],
    ['{yyyy-MM-dd}_{yyyy-MM-dd|-7d}', '2026-03-01_2026-02-22'],
  ])('fillTemplate turns %s into %s', (template, filled) => {
    if (filled === undefined) expect(() => fillTemplate(template, time)).toThrow(TemplateError);
    else expect(fillTemplate(template, time)).toBe(filled);
  });

  it('fillTemplate moves days and months by the calendar of the zone, and hours by the clock', () => {
    const berlin = (template: string, at: string) => fillTemplate(template, new Date(at), 'Europe/Berlin');
    // Half past midnight on the day after the clocks went forward: 23 hours before is the evening of the day before
    // that.
    expect(berlin('{yyyy-MM-ddTHHmm|-1d}', '2024-03-31T22:30:00Z')).toBe('2024-03-31T0030');
    expect(berlin('{yyyy-MM-ddTHHmm|-24h}', '2024-03-31T22:30:00Z')).toBe('2024-03-30T2330');
    expect(berlin('{yyyy-MM-dd|-1M}', '2024-03-31T10:00:00Z')).toBe('2024-02-29');
    expect(berlin('{yyyy-MM-dd|-1y}', '2024-02-29T10:00:00Z')).toBe('2023-02-28');
  });

  it('{Z} distinguishes the two hours of a clock change', () => {
    const template = 'h/{yyyy}-{MM}-{dd}-{HH}{Z}.csv';
    const [first, second] = ['2024-10-27T00:30:00Z', '2024-10-27T01:30:00Z'].map((at) =>
      fillTemplate(template, new Date(at), 'Europe/Berlin'),
    );
    expect([first, second]).toEqual(['h/2024-10-27-02+0200.csv', 'h/2024-10-27-02+0100.csv']);
    expect(fillTemplate('{HH}{Z}', new Date('2024-10-27T00:30:00Z'))).toBe('00+0000');
    expect(fillTemplate('{Z}', new Date('2024-07-01T00:00:00Z'), 'Asia/Kathmandu')).toBe('+0545');
    expect(fillTemplate('{Z}', new Date('2024-07-01T00:00:00Z'), 'America/St_Johns')).toBe('-0230');
  });

  it.each(['{yyyy|-9999y}', '{dd|+9999y}'])(
    'fillTemplate refuses %s, because the year would not have four digits',
    (template) => {
      expect(() => fillTemplate(template, time)).toThrow(/must be from 0 to 9999/);
    },
  );

  it.each([
    ...[
      '{YYYY}',
      '{}',
      '{yyyy',
      'yyyy}',
      '{{yyyy}}',
      '{-}',
      '{yyy}',
      '{mmm}',
      '{dd-1}',
      '{dd|1d}',
      '{dd|-1}',
      '{dd|-1D}',
    ],
    ...['{dd|-1d|-1d}', '{|-1d}', '{dd|}', '{dd|-12345d}', '{toString}', '{__proto__}', '{dd|-1__proto__}'],
  ])('fillTemplate refuses %s, and says what it accepts', (template) => {
    expect(() => fillTemplate(template, time)).toThrow(TemplateError);
    expect(() => fillTemplate(template, time)).toThrow(/takes the template fields \{yyyy\}/);
  });
});
