import type { DeliverySettings, StageSettings } from './delivery-settings.ts';
import type { Settings } from './settings.ts';
import { settingsOfStage } from './settings-of-stage.ts';
import { repeated, rule, type SettingsRule } from './settings-rule.ts';

/** Makes a rule for settings with a delivery. */
function deliveryRule(
  settings: readonly string[],
  check: (delivery: DeliverySettings, all: Settings) => string | false | undefined,
): SettingsRule {
  return rule(settings, (all) => all.delivery && check(all.delivery, all));
}

/** The rules that the settings of a delivery have to fulfil together. */
export const deliveryRules: readonly SettingsRule[] = [
  deliveryRule(['delivery.connectionArn', 'delivery.source'], ({ source, connectionArn }) => {
    if (source === 'connection' && connectionArn === undefined)
      return 'delivery.source is connection, which takes the ARN of a connection: make one in the console (Developer Tools, Connections)';
    return (
      source !== 'connection' &&
      connectionArn !== undefined &&
      `delivery.source is ${source}, which uses no connection; remove delivery.connectionArn`
    );
  }),
  deliveryRule(['delivery.repository', 'delivery.source'], ({ source, repository }) => {
    const isPath = repository.includes('/');
    if (source === 'codecommit')
      return isPath && `a repository of CodeCommit has no slash in its name, but delivery.repository is ${repository}`;
    return !isPath && `delivery.source is ${source}, which needs owner/name, but delivery.repository is ${repository}`;
  }),
  deliveryRule(['delivery.stages'], ({ stages }) => {
    const twice = repeated(stages.map(({ name }) => name.toLowerCase()));
    return twice.length > 0 && `each stage needs a different name, but ${twice.join(', ')} occurs twice`;
  }),
  deliveryRule(['delivery.stages', 'stackName'], (delivery, settings) => {
    const places = delivery.stages.map((stage) => {
      const { account = 'the account', region = 'the region' } = placeOf(delivery, stage);
      const stackName = settingsOfStage(settings, stage).stackName ?? settings.stackName;
      return `${stackName} in ${account} and ${region}`;
    });
    const twice = repeated(places);
    return (
      twice.length > 0 &&
      `two stages deploy the same stack (${twice.join('; ')}); give one of them its own settings.stackName, account or region`
    );
  }),
  deliveryRule(['delivery.account', 'delivery.region', 'delivery.source', 'delivery.stages'], (delivery) => {
    const apart = delivery.stages.filter(({ account, region }) => account !== undefined || region !== undefined);
    return (
      apart.length > 0 &&
      delivery.source !== 'github-actions' &&
      (delivery.account === undefined || delivery.region === undefined) &&
      `${apart.map(({ name }) => name).join(', ')} name an account or a region, so the pipeline also needs its own: set delivery.account and delivery.region`
    );
  }),
  deliveryRule(['delivery.stages', 'network.vpcId'], (delivery, settings) => {
    const unknown = delivery.stages.filter((stage) => {
      const { account, region } = placeOf(delivery, stage);
      const hasVpc = settingsOfStage(settings, stage).network?.vpcId !== undefined;
      return hasVpc && (account === undefined || region === undefined);
    });
    return (
      unknown.length > 0 &&
      `${unknown.map(({ name }) => name).join(', ')} use an existing VPC, which synth looks up: name the account and the region of the stage`
    );
  }),
  deliveryRule(
    ['delivery.stages', 'network.vpcId'],
    (_, { network }) =>
      network.vpcId !== undefined &&
      // Each synth also makes the stack outside of the stages. A build has no permission to look up this stack's VPC.
      `${network.vpcId} is in one account and region; move network.vpcId to the settings of each stage that uses the VPC`,
  ),
  deliveryRule(['delivery.stackName', 'stackName'], (delivery, settings) => {
    const taken = [settings, ...delivery.stages.map((stage) => settingsOfStage(settings, stage))].some(
      ({ stackName }) => stackName === delivery.stackName,
    );
    return taken && `${delivery.stackName} is the stack of the app; give the stack of the pipeline another name`;
  }),
];

/**
 * Returns the account and region of a stage; undefined if no setting names them, which means those of the credentials.
 */
export function placeOf(
  delivery: Pick<DeliverySettings, 'account' | 'region'>,
  stage: StageSettings,
): { readonly account: string | undefined; readonly region: string | undefined } {
  return { account: stage.account ?? delivery.account, region: stage.region ?? delivery.region };
}
