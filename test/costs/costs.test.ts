import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COSTS_PART, costsPage, costsTable, readmeCosts, WITH_ALERTS } from '#costs/costs-page.ts';
import { deliveryCosts, deliveryCostsPart } from '#costs/delivery-costs.ts';
import { readDeployment, type TemplateJson } from '#costs/deployment.ts';
import { LOADS } from '#costs/loads.ts';
import { monthlyCosts, totalOf } from '#costs/monthly-costs.ts';
import { PRICES, PRICES_READ } from '#costs/prices.ts';
import { allStates, definitionOf, synthesise } from '#test/lib/synthesise.ts';

const sizeWith = (settings: Record<string, unknown> = {}) =>
  readDeployment(synthesise(settings).toJSON() as TemplateJson);
const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

/** What a line costs with these settings. */
function dollars(load: number, what: string, settings: Record<string, unknown> = {}): number {
  const found = LOADS[load] && monthlyCosts(sizeWith(settings), LOADS[load]).find((line) => line.what === what);
  if (found === undefined) throw new Error(`no line "${what}"`);
  return found.dollars;
}

describe('the documents', () => {
  it('the documents agree with the costs from the template; `npm run costs -- --write` writes them', () => {
    const size = sizeWith();
    expect(read('docs/costs.md')).toBe(costsPage(size));
    expect(COSTS_PART.exec(read('README.md'))?.[0]).toBe(readmeCosts(size));
    expect(COSTS_PART.exec(read('docs/delivery.md'))?.[0]).toBe(deliveryCostsPart());
  });
});

it.each(['README.md', 'docs/jobs/nightly-files.md'])(
  '%s begins with the computed costs of the nightly files',
  (page) => {
    const size = sizeWith();
    const [nightly] = LOADS;
    if (nightly === undefined) throw new Error('there are no loads');
    const total = totalOf(monthlyCosts(size, nightly));
    expect(read(page)).toMatch(new RegExp(`20 files of 50 MiB .* cost \\$${total.toFixed(2)} a month`));
  },
);

describe('the costs of a delivery', () => {
  const total = (load: Parameters<typeof deliveryCosts>[0]) => totalOf(deliveryCosts(load));

  it('the costs of a delivery grow with pushes and stages, and include a key only with several accounts', () => {
    const load = { pushes: 20, stages: 2, isAcross: false };
    expect(total({ ...load, isAcross: true })).toBeCloseTo(total(load) + PRICES.kmsKeyMonth.dollars, 6);
    expect(total({ ...load, stages: 3 })).toBeGreaterThan(total(load));
    const none = total({ ...load, pushes: 0 });
    expect(none).toBeGreaterThan(0);
    expect(total({ ...load, pushes: 40 }) - none).toBeCloseTo(2 * (total(load) - none), 6);
  });
});

describe('the costs', () => {
  it('the costs include everything that AWS charges for', () => {
    const table = costsTable(sizeWith());
    for (const what of ['public IPv4', 'old versions', 'logs taken in', 'tracing', 'KMS', 'Fargate Spot', 'SQS']) {
      expect(table).toContain(`| ${what}`);
    }
  });

  it('the costs of a nightly file with one key are mostly its old versions, as many as the setting keeps', () => {
    const gib = 100;
    // The night before last is removed at the midnight after its days are over.
    const copies = (days: number) => days + 19.5 / 24;
    for (const days of [1, 3, 7]) {
      const kept = dollars(1, 'old versions kept', { 'bucket.oldVersionDays': days });
      expect(kept).toBeCloseTo(gib * copies(days) * PRICES.s3GbMonth.dollars, 6);
    }
    expect(dollars(0, 'old versions kept')).toBe(0);
  });

  it('the costs depend on the settings', () => {
    expect(dollars(2, 'public IPv4 of workers')).toBeGreaterThan(0);
    expect(dollars(2, 'Fargate', { 'workers.spot': false })).toBeCloseTo(dollars(2, 'Fargate Spot') / 0.3, 6);
    expect(dollars(1, 'KMS')).toBe(0);
    expect(dollars(1, 'KMS', { 'encryption.key': 'own' })).toBeGreaterThan(PRICES.kmsKeyMonth.dollars);
    expect(dollars(2, 'logs kept', { 'logs.retentionDays': 14 })).toBeCloseTo(2 * dollars(2, 'logs kept'), 6);
    expect(dollars(2, 'Lambda', { 'ingest.memoryMiB': 2_048 })).toBeGreaterThan(dollars(2, 'Lambda'));
    // A third of the sources in a batch: three times the batches, each of the same transitions.
    const batches = { 'ingest.sourcesPerBatch': 16 };
    expect(dollars(2, 'Step Functions', batches)).toBeGreaterThan(2.9 * dollars(2, 'Step Functions'));
  });

  it('the costs count the transitions of a million items as the definition makes them', () => {
    const names = Object.keys(allStates(definitionOf(synthesise())));
    const ofRun =
      'Plan WorkChoice Ingest Reconcile CloseState ItemsState DoneState EndedInOrder SweepState OutcomeChoice Succeed';
    const ofBatch = 'Open OpenDispatched EnsureWorkers SmallOnesLeft BatchEnd';
    expect(names).toEqual(expect.arrayContaining(`${ofRun} ${ofBatch} ListItems GatekeeperState`.split(' ')));
    // 20,000 batches, the run itself, 50 pieces of its end, and at most so many looks of the gate.
    const least = 20_000 * ofBatch.split(' ').length + ofRun.split(' ').length + 50;
    const transitions = dollars(2, 'Step Functions') / PRICES.transition.dollars;
    expect(transitions).toBeGreaterThan(least);
    expect(transitions).toBeLessThanOrEqual(least + 51);
  });

  it('alerts, metrics and a dashboard cost nothing by default, and otherwise what the settings say', () => {
    for (const what of ['alerts', 'metrics', 'dashboard']) expect(dollars(1, what)).toBe(0);
    const on = { 'alerts.email': 'on-call@example.org', 'metrics.level': 'runs', 'metrics.dashboard': true };
    expect(sizeWith(on)).toMatchObject(WITH_ALERTS);
    expect(dollars(1, 'alerts', on)).toBeCloseTo(0.52, 2);
    // A run of 100 GiB goes on for an hour, and its end is in the next.
    expect(dollars(1, 'metrics', on)).toBeCloseTo((13 * 0.3 * 30 * 2) / 720, 6);
    expect(dollars(1, 'dashboard', on)).toBe(3);
    const spend = { 'alerts.email': 'on-call@example.org', 'alerts.dollarsADay': 5 };
    expect(dollars(1, 'alerts', spend)).toBeCloseTo(0.62, 2);
    expect(dollars(1, 'metrics', spend)).toBeCloseTo((0.3 * 30 * 2) / 720, 6);
  });

  it('the costs have no negative line, and each price has a date and a page', () => {
    for (const load of LOADS) {
      for (const line of monthlyCosts(sizeWith(), load)) expect(line.dollars, line.what).toBeGreaterThanOrEqual(0);
      expect(totalOf(monthlyCosts(sizeWith(), load))).toBeGreaterThan(0);
    }
    expect(PRICES_READ.on).toMatch(/^\d{4}-\d\d-\d\d$/);
    for (const price of Object.values(PRICES)) expect(URL.canParse(price.source), price.unit).toBe(true);
  });

  it('a template that does not come from Sluice is refused, with what it lacks', () => {
    expect(() => readDeployment({ Resources: {} })).toThrow('the template has no AWS::ECS::TaskDefinition');
  });
});
