import { describe, expect, it } from 'vitest';
import { QUERIES } from '#lib/monitoring/log-queries.ts';
import { METRICS } from '#run/metrics/metrics.ts';
import { synthesise } from '../synthesise.ts';

/** The dashboard's body as text, references and all. */
function dashboardWith(settings: Record<string, unknown>): string {
  const template = synthesise({ 'metrics.dashboard': true, ...settings });
  const [dashboard] = Object.values(template.findResources('AWS::CloudWatch::Dashboard'));
  expect(dashboard?.Properties.DashboardName).toBe('Sluice');
  return JSON.stringify(dashboard?.Properties.DashboardBody).replaceAll('\\', '');
}

describe('the dashboard', () => {
  it("the dashboard shows AWS's free metrics, and the last runs", () => {
    const body = dashboardWith({});
    for (const metric of [
      'ExecutionsStarted',
      'ExecutionsFailed',
      'ApproximateAgeOfOldestMessage',
      'Throttles',
      'Duration',
    ]) {
      expect(body).toContain(`"${metric}"`);
    }
    expect(body).toContain('filter message = "ended"');
    expect(body).not.toContain('"BytesLanded"');
    expect(body).not.toContain('"type":"alarm"');
  });

  it("the dashboard shows Sluice's own metrics if they are sent, and the alarms if there are any", () => {
    const body = dashboardWith({ 'metrics.level': 'runs', 'alerts.email': 'on-call@example.org' });
    for (const metric of Object.keys(METRICS).filter((name) => name !== 'Failures')) {
      expect(body).toContain(`"Sluice","${metric}","service"`);
    }
    expect(body).toContain('"type":"alarm"');
  });

  it('by default there is no dashboard, and no metric is sent', () => {
    const template = synthesise();
    template.resourceCountIs('AWS::CloudWatch::Dashboard', 0);
    for (const { Properties } of Object.values(template.findResources('AWS::Lambda::Function'))) {
      const sent = Properties.Environment?.Variables?.SLUICE_METRICS;
      if (sent !== undefined) expect(JSON.parse(sent)).toMatchObject({ level: 'off' });
    }
  });
});

describe('the saved queries', () => {
  it('the saved queries exist by default, each for the logs of all functions and of the workers', () => {
    const template = synthesise();
    const functions = Object.keys(template.findResources('AWS::Lambda::Function')).filter((id) =>
      id.startsWith('Functions'),
    );
    const queries = Object.values(template.findResources('AWS::Logs::QueryDefinition')).map(
      ({ Properties }) => Properties,
    );
    expect(queries.map(({ Name }) => Name).sort()).toEqual(
      Object.keys(QUERIES)
        .map((name) => `Sluice/${name}`)
        .sort(),
    );
    for (const { LogGroupNames } of queries) expect(LogGroupNames).toHaveLength(functions.length + 1);
  });
});

describe('logs', () => {
  it('logs are kept for 7 days, and written from the level of the setting on', () => {
    const template = synthesise({ 'logs.level': 'DEBUG' });
    const groups = Object.values(template.findResources('AWS::Logs::LogGroup'));
    expect(groups.length).toBeGreaterThan(15);
    for (const { Properties } of groups) expect(Properties.RetentionInDays).toBe(7);
    const functions = Object.entries(template.findResources('AWS::Lambda::Function')).filter(([id]) =>
      id.startsWith('Functions'),
    );
    for (const [id, { Properties }] of functions) {
      expect(Properties.Environment.Variables.POWERTOOLS_LOG_LEVEL, id).toBe('DEBUG');
    }
  });
});
