import { afterEach, expect, it, vi } from 'vitest';
import { sendMetrics } from '#run/metrics/send-metrics.ts';

const lines: string[] = [];
vi.spyOn(process.stdout, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
afterEach(() => {
  lines.length = 0;
});

it('sendMetrics writes all values in one line of the embedded metric format, under the name of the stack', () => {
  sendMetrics({ deployment: 'Sluice', level: 'runs' }, { RunDollars: 0.25, RunSeconds: 3 }, { runId: 'a' });
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ service: 'Sluice', RunDollars: 0.25, RunSeconds: 3, runId: 'a' });
});

it('if metrics are off, only the metric of an alarm is written', () => {
  sendMetrics({ deployment: 'Sluice', level: 'off' }, { RunDollars: 0.25, RunSeconds: 3 });
  expect(lines).toEqual([]);
  sendMetrics({ deployment: 'Sluice', level: 'off', always: ['RunDollars'] }, { RunDollars: 0.25, RunSeconds: 3 });
  const written = JSON.parse(lines[0] ?? '');
  expect(written).toMatchObject({ RunDollars: 0.25 });
  expect(written).not.toHaveProperty('RunSeconds');
});
