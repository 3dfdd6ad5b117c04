import type { TestProject } from 'vitest/node';
import { refusalsIn } from '#local/embedded/request-log.ts';
import { startDeployedAws } from '#test/helpers/embedded-aws.ts';

/** A deployment of its own: workers are killed on it all the time. */
export default async function setup(project: TestProject) {
  const aws = await startDeployedAws({
    'gate.intervalSeconds': 1,
    'gate.attempts': 500,
    'gate.mayEndBeforeItems': true,
    'workers.max': 3,
    'workers.itemsAtOnce': 4,
    'workers.itemsPerWorker': 20,
    'workers.visibilitySeconds': 6,
    'workers.heartbeatSeconds': 2,
    'workers.retrySeconds': 1,
    // A kill counts as a try, since nobody can say what it was.
    'workers.maxAttempts': 10,
  });
  project.provide('deployedAws', { client: aws.client, outputs: aws.outputs });
  return async () => {
    for (const refusal of refusalsIn(await aws.requests())) console.error(refusal);
    await aws.stop();
  };
}
