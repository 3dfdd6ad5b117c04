import type { App } from 'aws-cdk-lib';
import type { DeliverySettings } from '../settings/delivery-settings.ts';
import type { Settings } from '../settings/settings.ts';
import { DeliveryStack } from './delivery-stack.ts';
import { DeliveryStage, type Programs } from './delivery-stage.ts';

/**
 * Adds what the setting `delivery` asks for to an app: the pipeline, or the stages that a workflow of GitHub deploys.
 */
export function addDelivery(app: App, settings: Settings, delivery: DeliverySettings, programs?: Programs): void {
  const { stackName, source, account, region } = delivery;
  const more = { settings, delivery, ...(programs && { programs }) };
  if (source === 'github-actions') {
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
