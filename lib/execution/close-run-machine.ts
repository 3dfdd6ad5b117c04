import { Duration, Stack } from 'aws-cdk-lib';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { CloseRun } from '#stepfunctions/close-run.ts';
import type { Functions } from '../functions/functions.ts';
import type { Settings } from '../settings/settings.ts';
import type { Encryption } from '../storage/encryption.ts';
import { newStateMachine } from './new-state-machine.ts';

export interface CloseRunMachineProps {
  readonly settings: Settings;
  readonly encryption: Encryption;
  readonly functions: Functions;
}

/** A million items take an hour at most; an execution that takes a day will never end. */
const TIMEOUT = Duration.days(1);

/** The state machine that closes the runs of executions that were stopped, timed out or broke. */
export class CloseRunMachine extends Construct {
  readonly stateMachine: StateMachine;

  constructor(scope: Construct, id: string, { settings, encryption, functions }: CloseRunMachineProps) {
    super(scope, id);
    this.stateMachine = newStateMachine(this, {
      name: `${Stack.of(this).stackName}-close-run`,
      settings,
      encryption,
      functions,
      timeout: TIMEOUT,
      definition: (call) =>
        new CloseRun(this, 'CloseRun', {
          functions: { closeRun: call('close-run'), listItems: call('list-items'), done: call('done') },
          atOnce: settings.ingest.maxLambdas,
          cancelLoads: settings.redshift && call('load'),
        }),
    });
  }
}
