import { App } from 'aws-cdk-lib';
import { NativeInstallError } from '#lib/bundling/native-files.ts';
import { addDelivery } from '#lib/delivery/delivery.ts';
import { NoSubnetsError } from '#lib/network/network.ts';
import { readSettings, SettingsError } from '#lib/settings/read-settings.ts';
import { SluiceStack } from '#lib/sluice-stack.ts';
import { problemOf } from '#run/problem/problem.ts';

const app = new App();
try {
  const settings = readSettings(app.node.getAllContext());
  new SluiceStack(app, settings.stackName, {
    description: 'Sluice: lands files from the web in S3 and hands them to workers',
    settings,
    // An existing VPC is looked up, which needs the account and the region. Otherwise the template fits any account.
    ...(settings.network.vpcId !== undefined && { env: environmentOfTheCli() }),
  });
  if (settings.delivery !== undefined) addDelivery(app, settings, settings.delivery);
} catch (error) {
  if (![SettingsError, NoSubnetsError, NativeInstallError].some((known) => error instanceof known)) throw error;
  // The person who typed the settings reads this, and a stack trace does not help them.
  const { code, detail, mend, type } = problemOf(error);
  console.error(`${code}: ${detail}\n  → ${mend}\n  ${type}`);
  process.exitCode = 1;
}

function environmentOfTheCli() {
  const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region } = process.env;
  return { ...(account !== undefined && { account }), ...(region !== undefined && { region }) };
}
