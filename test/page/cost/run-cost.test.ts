import { describe, expect, it } from 'vitest';
import { PRICES } from '#costs/prices.ts';
import { costOfRun, type RunToPrice } from '#page/cost/run-cost.ts';
import { Totals } from '#run/end/totals.ts';
import { DEFAULT_DEPLOYMENT } from '#test/helpers/page-samples.ts';

const START = Date.parse('2026-11-27T04:30:00Z');
const run: RunToPrice = {
  plan: { items: 10, batches: 10, processed: 10 },
  totals: new Totals(),
  gate: { looks: 0, samples: [] },
  bytes: 1_073_741_824,
  untilMs: START + 600_000,
};
const sample = (seconds: number, workers: number) => ({
  ...{ at: new Date(START + seconds * 1_000).toISOString(), done: 0, failed: 0, missing: 10, exact: true },
  ...{ queued: 0, inFlight: 0, deadLetters: 0, workers },
});
const partNamed = (cost: ReturnType<typeof costOfRun>, what: string) => cost.parts.find((part) => part.what === what);

describe('what a run costs', () => {
  it('the cost of a run is the sum of its parts, the most expensive first', () => {
    const { parts, dollars } = costOfRun(run, DEFAULT_DEPLOYMENT);
    expect(parts.reduce((sum, part) => sum + part.dollars, 0)).toBeCloseTo(dollars, 12);
    expect(parts.map((part) => part.dollars)).toEqual(parts.map((part) => part.dollars).toSorted((a, b) => b - a));
  });

  it("the cost of a run counts workers by the gate's looks, until the run was closed", () => {
    const totals = new Totals();
    totals.worked = { from: START + 60_000, to: START + 590_000 };
    const gate = { looks: 2, samples: [sample(120, 2), sample(360, 1)] };
    const { hours } = { hours: (2 * 240 + 240 + 2 * (60 + 30)) / 3_600 };
    const { workerVcpus, workerGb } = DEFAULT_DEPLOYMENT;
    const hour = workerVcpus * PRICES.fargateVcpuHourArm64.dollars + workerGb * PRICES.fargateGbHourArm64.dollars;
    const fargate = partNamed(costOfRun({ ...run, gate, totals }, { ...DEFAULT_DEPLOYMENT, spot: false }), 'Fargate');
    expect(fargate).toMatchObject({ basis: 'measured' });
    expect(fargate?.dollars).toBeCloseTo(hours * hour, 9);
  });

  it('the cost of a run assumes one worker if no look found any, and none if there was no work', () => {
    const totals = new Totals();
    totals.worked = { from: START, to: START + 30_000 };
    expect(partNamed(costOfRun({ ...run, totals }, DEFAULT_DEPLOYMENT), 'Fargate Spot')).toMatchObject({
      basis: 'estimated',
      quantity: '1.0 worker minutes',
    });
    expect(partNamed(costOfRun(run, DEFAULT_DEPLOYMENT), 'Fargate Spot')).toBeUndefined();
  });

  it('the monthly cost of keeping the objects is shown separately from the run', () => {
    expect(costOfRun(run, DEFAULT_DEPLOYMENT).dollarsAMonthKept).toBeCloseTo(PRICES.s3GbMonth.dollars, 9);
  });
});
