import type { TestProject } from 'vitest/node';
import { shareDeployments } from '#test/helpers/setup/deployments.ts';

/** A deployment of its own: workers are killed on it all the time. */
export default function setup(project: TestProject) {
  return shareDeployments(project, {
    shared: {
      'gate.intervalSeconds': 1,
      'gate.attempts': 500,
      'gate.mayEndBeforeItems': true,
      'workers.max': 3,
      'workers.itemsAtOnce': 4,
      'workers.itemsPerWorker': 20,
      'workers.visibilitySeconds': 6,
      'workers.heartbeatSeconds': 2,
      'workers.retrySeconds': 1,
      // A kill counts as a try, because its cause is unknown.
      'workers.maxAttempts': 10,
    },
  });
}
