import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deployStack, type LocalSettings, type StackOutputs } from '#local/deploy.ts';
import { type EmbeddedAws, startEmbeddedAws } from '#local/embedded/embedded-aws.ts';
import { type RedshiftStandIn, startRedshiftStandIn } from '#local/redshift/stand-in.ts';

/**
 * An embedded AWS for one test file, with a stand-in for Redshift if the caller passes one. `stop` also removes its
 * folder.
 */
export async function startTestAws(redshift?: RedshiftStandIn): Promise<EmbeddedAws & { folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  const aws = await startEmbeddedAws({ logFile: join(folder, 'aws.log'), ...(redshift && { redshift }) });
  const stop = async () => {
    await aws.stop();
    await redshift?.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return { ...aws, folder, stop };
}

/** Each test serves its sources on a port of its own. */
const TEST_SETTINGS: LocalSettings = { 'sources.openRanges': ['127.0.0.0/8', '::1/128'] };

/**
 * An embedded AWS with the stack deployed onto it by the real CDK. Takes about half a minute.
 *
 * @param settings as `-c` takes them, on top of the local run's and TEST_SETTINGS: `{ 'gate.attempts': 3 }`.
 * @param options.assemblies keeps the cloud assembly for the next one with the same settings. @default the local run's
 * folder
 */
export async function startDeployedAws(
  settings: LocalSettings = {},
  options: { assemblies?: string } = {},
): Promise<EmbeddedAws & { folder: string; outputs: StackOutputs; redshift: RedshiftStandIn | undefined }> {
  const hasWarehouse = Object.keys(settings).some((name) => name.startsWith('redshift.'));
  const redshift = hasWarehouse ? await startRedshiftStandIn() : undefined;
  const aws = await startTestAws(redshift);
  try {
    const outputs = await deployStack(aws, {
      ...options,
      folder: join(aws.folder, 'cdk'),
      base: {},
      settings: { ...TEST_SETTINGS, ...settings },
    });
    return { ...aws, outputs, redshift };
  } catch (error) {
    await aws.stop();
    throw error;
  }
}
