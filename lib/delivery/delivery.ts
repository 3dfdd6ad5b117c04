import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from 'aws-cdk-lib';
import type { DeliverySettings } from '../settings/delivery-settings.ts';
import type { Settings } from '../settings/settings.ts';
import { DeliveryStack } from './delivery-stack.ts';
import { DeliveryStage, type Programs } from './delivery-stage.ts';

/** A file beside the templates. */
export const SMOKE_INPUT = 'smoke.json';

/**
 * Adds what the setting `delivery` asks for to an app: the pipeline, or the stages that a workflow of GitHub deploys.
 */
export function addDelivery(app: App, settings: Settings, delivery: DeliverySettings, programs?: Programs): void {
  const { stackName, source, account, region } = delivery;
  const more = { settings, delivery, ...(programs && { programs }) };
  if (source === 'github-actions') {
    // For the workflow, which has no settings: the input of the run after each deploy.
    writeFileSync(join(app.outdir, SMOKE_INPUT), JSON.stringify(delivery.smoke));
    for (const stage of delivery.stages)
      new DeliveryStage(app, { stage, by: { repository: delivery.repository }, ...more });
    return;
  }
  new DeliveryStack(app, stackName, {
    description: 'Deploys Sluice at each push, stage by stage',
    env: { ...(account !== undefined && { account }), ...(region !== undefined && { region }) },
    ...more,
  });
}
