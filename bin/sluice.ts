import { App } from 'aws-cdk-lib';
import { NativeInstallError, ownPlatform, type Platform } from '#lib/bundling/native-files.ts';
import { buildWorkerProgram } from '#lib/bundling/worker-bundle.ts';
import { NoSubnetsError } from '#lib/network/network.ts';
import { readSettings, SettingsError } from '#lib/settings/read-settings.ts';
import type { Settings } from '#lib/settings/settings.ts';
import { SluiceStack } from '#lib/sluice-stack.ts';
import { problemOf } from '#run/problem/problem.ts';

const app = new App();
try {
  const settings = readSettings(app.node.getAllContext());
  new SluiceStack(app, settings.stackName, {
    description: 'Sluice: lands files from the web in S3 and hands them to workers',
    settings,
    workerProgram: buildWorkerProgram(settings.workers.parquet ? platformOf(settings) : undefined),
    // An existing VPC is looked up, for which the account and region must be known. Otherwise the template fits any.
    ...(settings.network.vpcId !== undefined && { env: environmentOfTheCli() }),
  });
} catch (error) {
  if (![SettingsError, NoSubnetsError, NativeInstallError].some((known) => error instanceof known)) throw error;
  // The reader of this is the one who types the settings: a stack trace says nothing to them.
  const { code, detail, mend, type } = problemOf(error);
  console.error(`${code}: ${detail}\n  → ${mend}\n  ${type}`);
  process.exitCode = 1;
}

/** Where workers run: Fargate, or this very machine in the local run, where they are plain processes. */
function platformOf({ workers }: Settings): Platform {
  if (process.env.SLUICE_LOCAL_WORKERS === 'true') return ownPlatform();
  return { os: 'linux', cpu: workers.architecture, libc: 'glibc' };
}

function environmentOfTheCli() {
  const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region } = process.env;
  return { ...(account !== undefined && { account }), ...(region !== undefined && { region }) };
}
