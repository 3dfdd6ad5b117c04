import type { TestProject } from 'vitest/node';
import { startDeployedAws } from '#test/helpers/embedded-aws.ts';

/** Bootstraps and deploys once, by the real CDK, for every end-to-end test. */
export default async function setup(project: TestProject) {
  const aws = await startDeployedAws({
    'gate.intervalSeconds': 1,
    'gate.attempts': 20,
    'gate.mayEndBeforeItems': true,
    // A killed worker's items come back within the time that the gate waits.
    'workers.visibilitySeconds': 6,
    'workers.heartbeatSeconds': 2,
  });
  project.provide('deployedAws', { client: aws.client, outputs: aws.outputs });
  return () => aws.stop();
}
