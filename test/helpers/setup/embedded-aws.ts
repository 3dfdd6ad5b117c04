import type { TestProject } from 'vitest/node';
import type { SharedAws } from '../aws.ts';
import { startTestAws } from '../embedded-aws.ts';
import { share } from './shared.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Where test files fetch the {@link SharedAws}. */
    embeddedAws: string;
  }
}

/** One embedded AWS for all files of unit tests. Each test has buckets and queues of its own in it. */
export default async function setup(project: TestProject) {
  const shared = await share(async () => {
    const { endpoint, region, account, client, env, requestsFile, stop } = await startTestAws();
    const value: SharedAws = { endpoint, region, account, client, env, requestsFile };
    return { value, stop };
  });
  project.provide('embeddedAws', shared.url);
  return shared.stop;
}
