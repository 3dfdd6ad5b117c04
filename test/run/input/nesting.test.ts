import { describe, expect, it } from 'vitest';
import { readInput } from '#lambdas/plan/input.ts';
import { readSettings } from '#lib/settings/read-settings.ts';
import { isTooDeep, MOST_LEVELS } from '#run/input/nesting.ts';
import { PROCESSOR_NAMES } from '#run/input/processor-names.ts';
import { listedItem } from '#run/plan/items.ts';
import { gateSchema } from '#run/settings/gate.ts';
import { readMessage } from '#worker/runtime/read-message.ts';

const nested = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
/** More than any reader's stack holds. */
const DEEP = nested(50_000);

it.each([
  ['nothing', null, false],
  ['as deep as may be', nested(MOST_LEVELS), false],
  ['a level deeper', nested(MOST_LEVELS + 1), true],
  ['a level deeper in objects', { a: nested(MOST_LEVELS) }, true],
  ['a hundred thousand levels', nested(100_000), true],
  ['wide', Array.from({ length: 200_000 }, () => [{}]), false],
])('%s', (_name, json, tooDeep) => {
  expect(isTooDeep(json)).toBe(tooDeep);
});

describe('JSON that is nested deeper than anybody reads it', () => {
  const processors = [...PROCESSOR_NAMES];

  it('JSON that is nested too deep is refused as an input, before anything is done', () => {
    const rules = {
      runId: 'r',
      defaultInput: undefined,
      gate: gateSchema.parse({}),
      processors,
    };
    const work = [{ processor: 'scrape', options: { x: DEEP } }];
    expect(() => readInput({ work }, rules)).toThrow(/input: is nested deeper than 100 levels/);
  });

  it('JSON that is nested too deep is a problem of its line in a list', () => {
    const problems: string[] = [];
    const defaults = { scheduledTime: new Date(0), timeZone: 'UTC', process: null, processors };
    const line = { url: 'https://example.org/a', process: { processor: 'profile', options: { x: DEEP } } };
    expect(listedItem(line, 'line 7', defaults, (problem) => void problems.push(problem))).toBeUndefined();
    expect(problems).toEqual(['line 7: is nested deeper than 100 levels']);
  });

  it('JSON that is nested too deep is refused as a setting, by its name', () => {
    const input = { work: [{ processor: 'scrape', options: { x: DEEP } }] };
    expect(() => readSettings({ 'sluice.defaultInput': input })).toThrow(/sluice\.defaultInput: takes JSON of at most/);
    const text = `{"work":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
    expect(() => readSettings({ 'sluice.defaultInput': text })).toThrow(/sluice\.defaultInput: takes JSON of at most/);
  });

  it('JSON that is nested too deep is unreadable as a message, with the name of its item', () => {
    const item = 'a'.repeat(32);
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const body = `{"v":1,"runId":"r","item":"${item}","name":"n","process":{"processor":"profile","options":{"x":${deep}}}}`;
    expect(readMessage(body)).toMatchObject({
      unreadable: { problem: expect.stringContaining('100 levels'), ref: { runId: 'r', item } },
    });
  });
});
