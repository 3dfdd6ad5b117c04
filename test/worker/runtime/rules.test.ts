import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { keepProgress } from '#processors/contract/progress.ts';
import { loadProcessor } from '#processors/index.ts';
import { PROCESSOR_NAMES } from '#run/input/processor-names.ts';
import { readWorkerSettings } from '#worker/environment.ts';
import { startHeartbeat } from '#worker/runtime/heartbeat.ts';
import { readMessage } from '#worker/runtime/read-message.ts';
import { retrySeconds } from '#worker/runtime/retry-seconds.ts';

const item = createHash('md5').update('x').digest('hex');
const MESSAGE = { v: 1, runId: 'run-1', item, name: 'x', process: { processor: 'profile', options: {} } };

describe('readMessage', () => {
  it('readMessage reads a message', () => {
    expect(readMessage(JSON.stringify(MESSAGE))).toEqual({ message: MESSAGE });
  });

  it.each<[string, unknown, object | undefined]>([
    ['of no version', { ...MESSAGE, v: undefined }, { runId: 'run-1', item, name: 'x' }],
    [
      'with a wrong field besides one too many',
      { ...MESSAGE, more: 1, process: 'x' },
      { runId: 'run-1', item, name: 'x' },
    ],
    ['without a name', { ...MESSAGE, name: undefined }, { runId: 'run-1', item, name: item }],
    ['without a run', { ...MESSAGE, runId: undefined }, undefined],
    ['with a run id that is a path', { ...MESSAGE, runId: 'a/../b' }, undefined],
    ['with an item that is a path', { ...MESSAGE, item: '../../x' }, undefined],
    ['that is null', null, undefined],
  ])('readMessage keeps what can be read of one %s', (_name, message, ref) => {
    const read = readMessage(JSON.stringify(message));
    expect('unreadable' in read && read.unreadable.ref).toEqual(ref);
  });
});

describe('readMessage, of a newer version', () => {
  it.each<[unknown, string]>([
    [{ ...MESSAGE, v: 2 }, 'v: Invalid input: expected 1'],
    [{ ...MESSAGE, v: 7, process: 'a form that is not known yet' }, 'process: '],
    [{ v: 2, ids: 'elsewhere' }, 'v: Invalid input: expected 1'],
    [{ ...MESSAGE, more: 1 }, '(root): Unrecognized key: "more"'],
    [{ ...MESSAGE, process: { ...MESSAGE.process, more: 1 } }, 'process: Unrecognized key: "more"'],
  ])('readMessage recognises the newer version of %j, and says what it does not know', (message, problem) => {
    expect(readMessage(JSON.stringify(message))).toEqual({ newer: expect.stringContaining(problem) });
  });
});

describe('retrySeconds', () => {
  it('retrySeconds doubles up to 15 minutes', () => {
    expect([1, 2, 3, 4, 8, 30].map((tries) => retrySeconds(tries, 10, 0))).toEqual([10, 20, 40, 80, 900, 900]);
  });
  it('retrySeconds subtracts at most a quarter', () => {
    expect(retrySeconds(1, 100, 1)).toBe(75);
  });
});

describe('readWorkerSettings', () => {
  it('readWorkerSettings names every invalid variable, what it accepts and its value', () => {
    const variables = {
      SLUICE_QUEUE_URL: 'https://sqs.eu-west-1.amazonaws.com/1/q',
      SLUICE_STOP_SECONDS: '120',
      SLUICE_WORKERS: '{"itemsAtOnce":"two","itemMinutes":700}',
      SLUICE_SOURCES: 'no JSON',
    };
    expect(() => readWorkerSettings(variables)).toThrow(
      [
        'the environment is wrong:',
        '- SLUICE_BUCKET: is missing: takes text',
        '- SLUICE_WORKERS.itemsAtOnce: takes a number, got "two"',
        '- SLUICE_WORKERS.itemMinutes: takes at most 690, got 700',
        '- SLUICE_SOURCES: takes JSON, got "no JSON"',
        '- SLUICE_LIMITS: is missing: takes text',
        '- SLUICE_METRICS: is missing: takes text',
        '- SLUICE_DEPLOYMENT: is missing: takes text',
      ].join('\n'),
    );
  });
});

describe('startHeartbeat', () => {
  const start = (beat: () => Promise<Error | undefined>) => {
    const stops: Error[] = [];
    const errors: unknown[] = [];
    const heartbeat = startHeartbeat({
      intervalSeconds: 0.01,
      beat,
      stopWork: (reason) => stops.push(reason),
      onError: (error) => errors.push(error),
    });
    return { heartbeat, stops, errors };
  };

  it('startHeartbeat continues after an error, and stops for good with the work', async () => {
    let beats = 0;
    const { heartbeat, stops, errors } = start(async () => {
      beats++;
      if (beats === 2) throw new Error('network');
      return beats === 4 ? new Error('lost') : undefined;
    });
    await expect.poll(() => stops.length).toBe(1);
    expect(errors).toHaveLength(1);
    await heartbeat.stop();
    expect(beats).toBe(4);
  });

  it('startHeartbeat has no beat under way after it was stopped', async () => {
    let running = 0;
    let begun = 0;
    const { heartbeat } = start(async () => {
      running++;
      begun++;
      await new Promise((resolve) => setTimeout(resolve, 50));
      running--;
      return undefined;
    });
    await expect.poll(() => running).toBe(1);
    await heartbeat.stop();
    expect(running).toBe(0);
    const before = begun;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(begun).toBe(before);
  });
});

describe('loadProcessor', () => {
  it.each(PROCESSOR_NAMES)('loadProcessor has %s, under its own name', async (name) => {
    expect((await loadProcessor(name))?.name).toBe(name);
  });
  it.each(['none', 'toString', '__proto__'])('loadProcessor has no %s', (name) => {
    expect(loadProcessor(name)).toBeUndefined();
  });
});

describe('keepProgress', () => {
  it('keepProgress logs once in 30 seconds, and keeps the last progress', () => {
    const logged: unknown[] = [];
    const log = (_message: string, fields?: object): void => void logged.push(fields);
    let now = 0;
    const progress = keepProgress({ debug: log, info: log, warn: log, error: log }, () => now);
    expect(progress.last()).toBe('');
    for (; now <= 60_000; now += 1_000) progress.report({ rows: now / 1_000, of: 'many' });
    expect(logged).toEqual([{ progress: { rows: 30, of: 'many' } }, { progress: { rows: 60, of: 'many' } }]);
    expect(progress.last()).toBe('rows 60, of many');
  });
});
