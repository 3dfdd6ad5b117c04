import { describe, expect, it } from 'vitest';
import { readSettings, SettingsError } from '#lib/settings/read-settings.ts';

function problemsOf(context: Record<string, unknown>): readonly string[] {
  try {
    readSettings(context);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

describe('readSettings', () => {
  it('readSettings uses the defaults if nothing is set, and they break no rule', () => {
    const settings = readSettings({});
    expect(settings.gate).toMatchObject({ intervalSeconds: 30, attempts: 50 });
    expect((settings.workers.max * settings.workers.cpu) / 1_024).toBeLessThanOrEqual(4);
    expect(settings.ingest.children * settings.ingest.slicesAtOnce).toBeLessThanOrEqual(8);
  });

  it('readSettings does not change the context that it is given', () => {
    const gate = { intervalSeconds: 60 };
    const context = { 'sluice.gate': gate, 'sluice.gate.attempts': 40 };
    expect(readSettings(context).gate).toMatchObject({ intervalSeconds: 60, attempts: 40 });
    expect(gate).toEqual({ intervalSeconds: 60 });
  });

  it('the command line overrides cdk.json, and the rest of the group stays', () => {
    const settings = readSettings({
      sluice: { gate: { intervalSeconds: 60, attempts: 40 } },
      'sluice.gate.intervalSeconds': '45',
    });
    expect(settings.gate).toMatchObject({ intervalSeconds: 45, attempts: 40 });
  });

  it.each([
    ['a number', 'gate.attempts', '60', (s) => s.gate.attempts, 60],
    ['a boolean', 'workers.spot', 'false', (s) => s.workers.spot, false],
    ['a text of digits only', 'workers.userAgent', '42', (s) => s.workers.userAgent, '42'],
    ['a list', 'ingest.listBuckets', '["lists-of-mine"]', (s) => s.ingest.listBuckets, ['lists-of-mine']],
    ['a group', 'run', '{"keepDays":"10"}', (s) => s.run.keepDays, 10],
    [
      'an input',
      'defaultInput',
      '{"work":[{"processor":"scrape"}]}',
      (s) => s.defaultInput,
      { work: [{ processor: 'scrape' }] },
    ],
  ] as [string, string, string, (settings: ReturnType<typeof readSettings>) => unknown, unknown][])(
    'takes %s from the command line',
    (_, name, text, pick, expected) => {
      expect(pick(readSettings({ [`sluice.${name}`]: text }))).toEqual(expected);
    },
  );

  it('readSettings takes a schedule with its own defaults', () => {
    const { schedules } = readSettings({
      'sluice.schedules': '[{"name":"nightly","expression":"cron(30 4 * * ? *)"}]',
    });
    expect(schedules).toEqual([{ name: 'nightly', expression: 'cron(30 4 * * ? *)', timeZone: 'UTC', input: {} }]);
  });

  it('readSettings ignores context that belongs to others', () => {
    expect(problemsOf({ '@aws-cdk/core:checkSecretUsage': true, sluices: 1 })).toEqual([]);
  });

  it('readSettings reports every problem at once, values and rules', () => {
    const problems = problemsOf({
      sluice: { gate: { interval: 3 }, colour: 'red' },
      'sluice.gate.attempts': 'many',
      'sluice.workers.heartbeatSeconds': '100',
    });
    expect(problems).toHaveLength(4);
    expect(problems.join('\n')).toContain(
      'gate.interval: there is no such setting; the settings here are intervalSeconds, attempts',
    );
    expect(problems.join('\n')).toContain('colour: there is no such setting');
    expect(problems.join('\n')).toContain('gate.attempts: takes a whole number from 1 to 8000, got "many"');
    expect(problems.join('\n')).toContain('workers.heartbeatSeconds (100) must be at most half');
  });

  it.each([
    ['gate.intervalSeconds', '0', 'takes a whole number from 1 to 86400, got 0'],
    ['gate.intervalSeconds', '', 'takes a whole number from 1 to 86400, got ""'],
    ['workers.spot', 'yes', 'takes true or false, got "yes"'],
    ['workers.cpu', '1000', 'takes one of 256, 512, 1024, 2048, 4096, 8192, 16384, got 1000'],
    ['workers.imageDigest', 'sha256:12', 'takes sha256: and 64 hexadecimal digits, got "sha256:12"'],
    ['network.vpcId', 'mine', 'takes the id of a VPC, such as vpc-0123456789abcdef0, got "mine"'],
    ['logs.stateMachineLevel', 'DEBUG', 'takes one of OFF, FATAL, ERROR, ALL, got "DEBUG"'],
    ['logs.retentionDays', '2', 'takes one of 1, 3, 5,'],
    ['schedules', 'nightly', 'takes a list, as JSON, got "nightly"'],
    ['gate', '7', 'takes an object, as JSON, got 7'],
    [
      'defaultInput',
      '{"sources":[{"url":"ftp://x"}]}',
      'defaultInput.sources[0].url: takes an http or https URL, got "ftp://x"',
    ],
    ['schedules', '[{"name":"a","expression":"daily"}]', 'schedules[0].expression: takes rate(…), cron(…)'],
    [
      'schedules',
      '[{"name":"a","expression":"rate(1 day)","timeZone":"Mars"}]',
      'schedules[0].timeZone: takes the IANA name',
    ],
    ['schedules', '[{"name":"a","expression":"rate(1 day)","input":{"onLate":"wait"}}]', 'schedules[0].input.onLate'],
  ])('names the setting %s, and says for %j what it accepts', (name, value, message) => {
    const problems = problemsOf({ [`sluice.${name}`]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
    expect(problems[0]?.startsWith(name)).toBe(true);
  });

  it.each([
    ['attempts beyond the history', { 'gate.attempts': 7_999, 'gate.intervalSeconds': 1 }, '25000'],
    ['more batches than a state holds', { 'ingest.sourcesPerBatch': 10 }, '100000 batches'],
    ['a gate longer than the run', { 'gate.attempts': 3_000 }, 'run.timeoutHours ends the run after 24 hours'],
    ['an alert that nobody receives', { 'alerts.dollarsADay': 5 }, 'set alerts.email or alerts.topic'],
    ['an item longer than the gate', { 'workers.itemMinutes': 26 }, 'gate.mayEndBeforeItems=true'],
    [
      'a check by a function that may not be asked',
      { 'gate.waitFor': [{ check: 'lambda', function: 'arn:aws:lambda:eu-central-1:111111111111:function:mine' }] },
      'gate.waitFor: the gatekeeper may not call arn:aws:lambda:eu-central-1:111111111111:function:mine',
    ],
    ['more Lambdas than allowed', { 'ingest.children': 5 }, 'more than ingest.maxLambdas allows (8)'],
    [
      'buffers beyond the memory',
      { 'ingest.connections': 64, 'ingest.bufferMiB': 16 },
      '1440 MiB, more than ingest.memoryMiB (1024)',
    ],
    ['slice calls beyond the history', { 'ingest.sliceCalls': 40 }, 'leave room for 38 slices'],
    [
      'an amount that Fargate has not',
      { 'workers.memoryMiB': 2_500 },
      'Fargate takes 2048 to 8192 MiB in steps of 1024',
    ],
    [
      'an amount of a small task',
      { 'workers.cpu': 256, 'workers.memoryMiB': 3_072 },
      'Fargate takes 512, 1024 or 2048 MiB',
    ],
    [
      'a heartbeat as long as the visibility',
      { 'workers.heartbeatSeconds': 120 },
      'at most half of workers.visibilitySeconds',
    ],
    [
      'an item beyond 12 hours of visibility',
      { 'workers.itemMinutes': 690, 'workers.visibilitySeconds': 3_600, 'gate.mayEndBeforeItems': true },
      'SQS hides a message for 12 hours',
    ],
    [
      'uploads removed while the run goes on',
      { 'run.timeoutHours': 200, 'bucket.incompleteUploadDays': 7 },
      'S3 would remove uploads of a run',
    ],
    ['records removed while the run goes on', { 'run.keepDays': 1, 'run.timeoutHours': 25 }, 'run.keepDays is 1'],
    [
      'two schedules of one name',
      { schedules: ['a', 'a'].map((name) => ({ name, expression: 'rate(1 day)' })) },
      'a occurs twice',
    ],
    [
      'a schedule that names its own slot',
      {
        schedules: [
          { name: 'a', expression: 'rate(1 day)', input: { schedule: 'b', scheduledTime: '2027-01-01T00:00:00Z' } },
        ],
      },
      'must not contain schedule or scheduledTime',
    ],
    [
      'a default input with a processor that is left out',
      { 'workers.parquet': false, defaultInput: { work: [{ processor: 'parquet' }] } },
      'defaultInput: work[0].processor: parquet is not deployed here, only profile, scrape, unpack',
    ],
    [
      'a schedule with a processor that is left out',
      {
        'workers.parquet': false,
        schedules: [{ name: 'a', expression: 'rate(1 day)', input: { process: 'parquet' } }],
      },
      'schedules: a: process: parquet is not deployed here',
    ],
    [
      "a default input beyond a function's environment",
      { defaultInput: { sources: [{ url: `https://example.org/${'x'.repeat(4_000)}`, key: 'a' }] } },
      'takes at most 3840 bytes as variables of a function, together with gate, ingest, workers, sources and limits',
    ],
  ] as [string, Record<string, unknown>, string][])('checks settings together: %s', (_, settings, message) => {
    const problems = problemsOf(
      Object.fromEntries(Object.entries(settings).map(([name, value]) => [`sluice.${name}`, value])),
    );
    expect(problems.join('\n')).toContain(message);
  });

  it('readSettings accepts a gate that is shorter than an item if a setting permits it', () => {
    expect(problemsOf({ 'sluice.gate.intervalSeconds': 1, 'sluice.gate.mayEndBeforeItems': 'true' })).toEqual([]);
  });
});
