import { App, ArnFormat, CustomResource } from 'aws-cdk-lib';
import { buildWorkerProgram } from '#lib/bundling/worker-bundle.ts';
import { readSettings } from '#lib/settings/read-settings.ts';
import { SluiceStack } from '#lib/sluice-stack.ts';

/** The app, and after everything else one resource that can't be made. `cdk` runs this file. */
const app = new App();
const settings = readSettings(app.node.getAllContext());
const stack = new SluiceStack(app, settings.stackName, { settings, workerProgram: buildWorkerProgram(undefined) });
const everythingElse = [...stack.node.children];
const last = new CustomResource(stack, 'Last', {
  resourceType: 'Custom::NoSuchStep',
  serviceToken: stack.formatArn({
    service: 'lambda',
    resource: 'function',
    resourceName: `${settings.stackName}-at-deploy`,
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  }),
});
last.node.addDependency(...everythingElse);
