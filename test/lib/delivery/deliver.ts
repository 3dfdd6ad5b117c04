import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { addDelivery } from '#lib/delivery/delivery.ts';
import { readSettings } from '#lib/settings/read-settings.ts';
import { cdkContext, programs } from '../synthesise.ts';

/** A delivery from CodeCommit to two stages in one account, the second behind an approval. */
export const TWO_STAGES = {
  source: 'codecommit',
  repository: 'sluice',
  stages: [
    { name: 'staging', settings: { stackName: 'Staging' } },
    { name: 'production', approval: true },
  ],
};

export const CONNECTION =
  'arn:aws:codeconnections:eu-central-1:111111111111:connection/01234567-89ab-cdef-0123-456789abcdef';

/**
 * What a delivery with these settings is made of: its own stack, empty where there is none, and the app's stack of each
 * stage.
 */
export interface Delivered {
  /** The cloud assembly. */
  readonly folder: string;
  readonly template: Template;
  readonly stages: Readonly<Record<string, Template>>;
}

const made = new Map<string, Delivered>();

/** @param settings of `delivery`, and others by their names. Made once for all tests of a worker. */
export function deliver(delivery: object, settings: object = {}): Delivered {
  const name = JSON.stringify([delivery, settings]);
  const there = made.get(name);
  if (there !== undefined) return there;
  const read = readSettings({ sluice: { ...settings, delivery } });
  if (read.delivery === undefined) throw new Error('the settings lost the delivery');
  const app = new App({ context: cdkContext });
  addDelivery(app, read, read.delivery, programs);
  const { stackName, source } = read.delivery;
  const hasPipeline = source !== 'github-actions';
  const assembly = app.synth();
  const stages = Object.fromEntries(
    read.delivery.stages.map(({ name: stage }) => {
      const [deployed] = assembly.getNestedAssembly(
        `assembly-${hasPipeline ? `${stackName}-` : ''}${stage}`,
      ).stacksRecursively;
      return [stage, Template.fromJSON(deployed?.template)];
    }),
  );
  const template = Template.fromJSON(hasPipeline ? assembly.getStackByName(stackName).template : {});
  const result = { folder: assembly.directory, template, stages };
  made.set(name, result);
  return result;
}
