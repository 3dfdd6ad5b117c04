import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import type { LocalSettings } from '#local/deploy.ts';
import { readRequests, refusalsIn } from '#local/embedded/request-log.ts';
import type { DeployedAws } from '../deployed.ts';
import { startDeployedAws } from '../embedded-aws.ts';
import { serveRedshiftControl } from '../redshift-control.ts';
import { share } from './shared.ts';

/** Under this name all deployments that a project has started are fetched, as a list. */
export const ALL_DEPLOYMENTS = 'all';

/**
 * Offers deployments to the test files of a project, each with an embedded AWS of its own. A file's `useDeployedAws`
 * starts the deployment that it names.
 *
 * @param settings of each deployment, by its name.
 * @returns a function that stops them.
 */
export async function shareDeployments(
  project: TestProject,
  settings: Readonly<Record<string, LocalSettings>>,
): Promise<() => Promise<void>> {
  const deployed: DeployedAws[] = [];
  const shared = await share<DeployedAws | readonly DeployedAws[]>(async (name) => {
    if (name === ALL_DEPLOYMENTS) return { value: deployed, stop: async () => {} };
    const given = settings[name];
    if (given === undefined) throw new Error(`there is no deployment "${name}"`);
    const { client, outputs, requestsFile, redshift, stop } = await startDeployedAws(given, {
      assemblies: join(tmpdir(), 'assemblies'),
    });
    const control = redshift && (await serveRedshiftControl(redshift));
    const value = { client, outputs, requestsFile, ...(control && { redshiftUrl: control.url }) };
    deployed.push(value);
    return {
      value,
      stop: async () => {
        const refused = refusalsIn(await readRequests(requestsFile));
        if (refused.length > 0) console.error(`In these tests (grants.test.ts provokes one):\n${refused.join('\n')}`);
        await control?.stop();
        await stop();
      },
    };
  });
  project.provide('deployedAws', shared.url);
  // For the project that looks back on this one.
  if (project.name === 'e2e') project.vitest.provide('deployedForTests', shared.url);
  return shared.stop;
}
