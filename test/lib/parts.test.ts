import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { expect, it } from 'vitest';
import { Encryption, Network, readSettings, Storage, WorkerFleet, WorkQueue, workerProgramOf } from '#lib/index.ts';
import { cdkContext } from './synthesise.ts';

it('an app builds a fleet of workers from the public entry alone, without a pipeline', () => {
  const stack = new Stack(new App({ context: cdkContext }), 'Parts');
  const settings = readSettings({ sluice: { workers: { parquet: false } } });
  const encryption = new Encryption(stack, 'Encryption', settings);
  const fleet = new WorkerFleet(stack, 'Workers', {
    settings,
    encryption,
    storage: new Storage(stack, 'Storage', { settings, encryption }),
    queue: new WorkQueue(stack, 'Work', { settings, encryption }),
    network: new Network(stack, 'Network', { settings, encryption }),
    program: workerProgramOf(settings),
  });
  expect(fleet.task.family).toBe('Parts-worker');
  const template = Template.fromStack(stack);
  template.resourceCountIs('AWS::ECS::TaskDefinition', 1);
  template.resourceCountIs('AWS::StepFunctions::StateMachine', 0);
});
