import type { TestProject } from 'vitest/node';
import type { LocalSettings } from '#local/deploy.ts';
import { COPY_ROLE_ARN, WORKGROUP_ARN } from '#local/redshift/set-up.ts';
import { shareDeployments } from '#test/helpers/setup/deployments.ts';
import { csvNamed, startWeb } from '#test/helpers/web.ts';

/** Deploys with the real CDK: once for most end-to-end tests, and separately for tests that disturb others. */
export default async function setup(project: TestProject) {
  const web = await startWeb((request, response) => {
    response.writeHead(200).end(csvNamed(request.url ?? ''));
  });
  const settings: LocalSettings = {
    'gate.intervalSeconds': 1,
    // 150 MiB are several slices.
    'ingest.sliceMiB': 64,
    'workers.max': 4,
    // A killed worker's items become visible soon.
    'workers.visibilitySeconds': 6,
    'workers.heartbeatSeconds': 2,
  };
  const stop = await shareDeployments(project, {
    shared: {
      ...settings,
      // The next test finds workers, and starts none.
      'workers.idleSeconds': 30,
      // However busy the machine is, no run ends before its work is done.
      'gate.attempts': 900,
      'sources.credentials': [
        { secret: 'e2e/*', hosts: ['127.0.0.1'], http: true },
        { parameter: '/e2e/*', hosts: ['127.0.0.1'], http: true },
      ],
      schedules: [
        {
          name: 'often',
          expression: 'rate(1 minute)',
          timeZone: 'Europe/Berlin',
          input: {
            sources: [{ url: `${web.url}/{yyyy}{MM}{dd}T{HH}{mm}`, key: 'scheduled/{yyyy}-{MM}-{dd}/{HH}{mm}.csv' }],
          },
        },
        {
          name: 'daily',
          expression: 'cron(30 4 * * ? *)',
          timeZone: 'UTC',
          input: { sources: [{ url: `${web.url}/{yyyy}{MM}{dd}`, key: 'daily/{yyyy}-{MM}-{dd}.csv' }] },
        },
      ],
    },
    // Its tests kill the workers and stop all runs.
    'by-turns': { ...settings, 'gate.attempts': 900 },
    // Its gate stops waiting soon, and all alerts about that are on.
    impatient: {
      ...settings,
      'gate.attempts': 25,
      'gate.mayEndBeforeItems': true,
      'alerts.email': 'on-call@example.org',
      'alerts.runHours': 0.001,
      // A few runs.
      'alerts.dollarsADay': 0.002,
      'metrics.level': 'codes',
      'metrics.dashboard': true,
      schedules: [{ name: 'never', expression: 'cron(30 4 * * ? *)', timeZone: 'UTC', input: { sources: [] } }],
    },
    // Its tests run the commands of the docs, `sluice stop` among them.
    docs: {
      ...settings,
      'gate.attempts': 900,
      'sources.credentials': [{ secret: 'vendor/*', hosts: ['127.0.0.1'], http: true }],
      schedules: [
        {
          name: 'nightly',
          expression: 'cron(30 4 * * ? *)',
          timeZone: 'Europe/Berlin',
          input: { sources: [{ url: `${web.url}/{yyyy}{MM}{dd}`, key: 'nightly/{yyyy}-{MM}-{dd}.csv' }] },
        },
      ],
    },
    // The stand-in for Redshift takes seconds to start.
    warehouse: {
      ...settings,
      'gate.attempts': 900,
      'redshift.workgroup': WORKGROUP_ARN,
      'redshift.copyRole': COPY_ROLE_ARN,
      'redshift.intervalSeconds': 1,
    },
    // A cluster has queues, which Serverless has not.
    queues: {
      ...settings,
      'gate.attempts': 900,
      'redshift.cluster': 'analytics',
      'redshift.copyRole': COPY_ROLE_ARN,
      'redshift.watch': true,
      'redshift.watchWaitSeconds': 30,
      'alerts.email': 'on-call@example.org',
    },
  });
  return async () => {
    await stop();
    await web.stop();
  };
}
