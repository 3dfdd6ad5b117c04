import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import type { LocalSettings } from '#local/deploy.ts';
import { refusalsIn } from '#local/embedded/request-log.ts';
import type { DeployedAws } from '../deployed.ts';
import { startDeployedAws } from '../embedded-aws.ts';
import { share } from './shared.ts';

/**
 * Offers deployments to the files of a project, each with an embedded AWS of its own. A file's `useDeployedAws` starts the
 * one that it names.
 *
 * @param settings of each deployment, by its name.
 * @returns what stops them.
 */
export async function shareDeployments(
  project: TestProject,
  settings: Readonly<Record<string, LocalSettings>>,
): Promise<() => Promise<void>> {
  // One after the other: those with the same settings share a cloud assembly.
  let last: Promise<unknown> = Promise.resolve();
  const shared = await share<DeployedAws>(async (name) => {
    const given = settings[name];
    if (given === undefined) throw new Error(`there is no deployment "${name}"`);
    const starting = last.then(() => startDeployedAws(given, { assemblies: join(tmpdir(), 'assemblies') }));
    last = starting.catch(() => undefined);
    const { client, outputs, requests, stop } = await starting;
    return {
      value: { client, outputs },
      stop: async () => {
        for (const refusal of refusalsIn(await requests())) console.error(refusal);
        await stop();
      },
    };
  });
  project.provide('deployedAws', shared.url);
  return shared.stop;
}
