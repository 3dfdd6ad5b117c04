import { describe, expect, it } from 'vitest';
import { readSettings } from '#lib/settings/read-settings.ts';
import { describeIssue, REPORTING } from '#run/input/describe-issue.ts';
import { executionInputSchema } from '#run/input/input.ts';
import { processSchema } from '#run/item.ts';

function problemsOf(input: unknown): string[] {
  const parsed = executionInputSchema.safeParse(input, REPORTING);
  return parsed.success ? [] : parsed.error.issues.map((issue) => describeIssue(issue));
}

describe('the execution input', () => {
  it('the input accepts the usual forms that a person types', () => {
    const input = {
      sources: [{ url: 'https://example.org/trips-{yyyy}-{MM}.csv.gz', key: 'raw/trips/{yyyy}-{MM}.csv.gz' }],
      onLate: 'partial',
    };
    expect(problemsOf(input)).toEqual([]);
  });

  it('the execution input takes a processor by its name alone, or with options', () => {
    const short = executionInputSchema.parse({ process: 'profile' });
    const long = executionInputSchema.parse({ process: { processor: 'profile', options: {} } });
    expect(short.process).toEqual({ processor: 'profile', options: {} });
    expect(long.process).toEqual(short.process);
  });

  it('the plan accepts every name of a processor that the input and the settings accept', () => {
    const name = `a${'-long'.repeat(9)}-nam`;
    const settings = { 'sluice.workers.processors': { [name]: './mine.ts' } };
    expect(name).toHaveLength(50);
    expect(executionInputSchema.parse({ process: name }).process?.processor).toBe(name);
    expect(processSchema.parse({ processor: name }).processor).toBe(name);
    expect(readSettings(settings).workers.processors).toHaveProperty(name);
  });

  it('the execution input lists all problems at once, each with its path', () => {
    const problems = problemsOf({
      sources: [{ url: 'ftp://example.org/a' }, { url: 'nonsense' }, { key: 'a' }],
      process: 'No!',
      onLate: 'never',
      typo: 1,
    });
    expect(problems).toEqual([
      'sources[0].url: takes an http or https URL, got "ftp://example.org/a"',
      'sources[1].url: takes an absolute URL, got "nonsense"',
      expect.stringContaining('sources[2].url: '),
      expect.stringContaining(
        'process: takes the name of a processor, such as parquet, profile, scrape, unpack, got "No!"',
      ),
      expect.stringContaining('onLate: '),
      'input: there is no field "typo"',
    ]);
  });

  it.each(['.', '..', 'a/b', ''])(
    'the input refuses a schedule with the name %j, because the name becomes part of a key',
    (schedule) => {
      expect(problemsOf({ schedule, scheduledTime: '2026-11-24T00:00:00Z' })).toEqual([
        expect.stringContaining('schedule: takes 1 to 64 letters'),
      ]);
    },
  );

  it('the execution input accepts a schedule only with the time of its slot', () => {
    expect(problemsOf({ schedule: 'nightly' })).toEqual([expect.stringContaining('scheduledTime: is needed')]);
    expect(problemsOf({ schedule: 'nightly', scheduledTime: '2026-11-24T00:00:00Z' })).toEqual([]);
  });

  it('the execution input refuses a time zone that does not exist', () => {
    expect(problemsOf({ timeZone: 'Europe/Atlantis' })).toEqual([
      expect.stringContaining('timeZone: takes the IANA name'),
    ]);
  });
});
