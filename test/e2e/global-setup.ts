import type { TestProject } from 'vitest/node';
import { refusalsIn } from '#local/embedded/request-log.ts';
import { startDeployedAws } from '#test/helpers/embedded-aws.ts';
import { csvNamed, startWeb } from '#test/helpers/web.ts';

/** Bootstraps and deploys once, by the real CDK, for every end-to-end test. */
export default async function setup(project: TestProject) {
  const web = await startWeb((request, response) => {
    response.writeHead(200).end(csvNamed(request.url ?? ''));
  });
  const aws = await startDeployedAws({
    'gate.intervalSeconds': 1,
    'gate.attempts': 20,
    'gate.mayEndBeforeItems': true,
    // A killed worker's items come back within the time that the gate waits.
    'workers.visibilitySeconds': 6,
    'workers.heartbeatSeconds': 2,
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
  });
  project.provide('deployedAws', { client: aws.client, outputs: aws.outputs });
  return async () => {
    for (const refusal of refusalsIn(await aws.requests())) console.error(refusal);
    await aws.stop();
    await web.stop();
  };
}
