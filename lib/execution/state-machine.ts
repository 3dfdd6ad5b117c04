import { Duration, Stack } from 'aws-cdk-lib';
import { Policy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { Pipeline } from '#stepfunctions/pipeline.ts';
import type { Functions } from '../functions/functions.ts';
import type { LambdaName } from '../functions/lambda-entries.ts';
import type { Settings } from '../settings/settings.ts';
import type { Encryption } from '../storage/encryption.ts';
import type { Storage } from '../storage/storage.ts';
import { newStateMachine } from './new-state-machine.ts';

export interface SluiceStateMachineProps {
  readonly settings: Settings;
  readonly encryption: Encryption;
  readonly storage: Storage;
  readonly functions: Functions;
  /** The state machine that closes the runs of executions that were stopped or timed out. */
  readonly closeRun: StateMachine;
}

/** The functions that call Step Functions about executions of the state machine, and the actions that they call. */
const ASKING: readonly (readonly [LambdaName, action: string])[] = [
  // What happened to an execution that owns a slot.
  ['plan', 'states:DescribeExecution'],
  // How often an execution was redriven.
  ['close-run', 'states:DescribeExecution'],
  ['broken', 'states:DescribeExecution'],
];

/** The pipeline as a state machine, which ends after `run.timeoutHours`. */
export class SluiceStateMachine extends Construct {
  readonly stateMachine: StateMachine;

  constructor(scope: Construct, id: string, props: SluiceStateMachineProps) {
    super(scope, id);
    const { settings, encryption, storage, functions, closeRun } = props;
    this.stateMachine = newStateMachine(this, {
      name: Stack.of(this).stackName,
      settings,
      encryption,
      functions,
      timeout: Duration.hours(settings.run.timeoutHours),
      // The Map reads the plan.
      statements: encryption.leave('s3', 'read'),
      definition: (call) =>
        new Pipeline(this, 'Pipeline', {
          bucket: storage.bucket,
          functions: {
            plan: call('plan'),
            startWorkers: call('start-workers'),
            open: call('open'),
            slice: call('slice'),
            close: call('close'),
            abandon: call('abandon'),
            reconcile: call('reconcile'),
            gatekeeper: call('gatekeeper'),
            closeRun: call('close-run'),
            listItems: call('list-items'),
            done: call('done'),
            broken: call('broken'),
            sweep: call('sweep'),
          },
          gate: settings.gate,
          load: settings.redshift && { ...settings.redshift, call: call('load') },
          closeRunArn: closeRun.stateMachineArn,
          ingest: settings.ingest,
        }),
    });
    this.#letFunctionsAsk(functions, closeRun);
  }

  /**
   * These are separate policies: as part of the functions' own, they would make a circular dependency, because the
   * state machine depends on the functions.
   */
  #letFunctionsAsk(functions: Functions, closeRun: StateMachine): void {
    const executions = Stack.of(this).formatArn({
      service: 'states',
      resource: `execution:${this.stateMachine.stateMachineName}:*`,
    });
    for (const [name, action] of ASKING) {
      this.#allow(functions, name, [new PolicyStatement({ actions: [action], resources: [executions] })]);
    }
    this.#allow(functions, 'sweep', [
      new PolicyStatement({ actions: ['states:ListExecutions'], resources: [this.stateMachine.stateMachineArn] }),
      new PolicyStatement({ actions: ['states:StartExecution'], resources: [closeRun.stateMachineArn] }),
    ]);
  }

  #allow(functions: Functions, name: LambdaName, statements: PolicyStatement[]): void {
    const role = functions.get(name).role;
    if (role === undefined) throw new Error(`the function ${name} has no role`);
    new Policy(this, `${name}-asks`, { roles: [role], statements });
  }
}
