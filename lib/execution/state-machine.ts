import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import { Policy, PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { Pipeline } from '#stepfunctions/pipeline.ts';
import type { Functions } from '../functions/functions.ts';
import type { LambdaName } from '../functions/lambda-entries.ts';
import { trusted } from '../permissions/service-trust.ts';
import type { Settings } from '../settings/settings.ts';
import type { Encryption } from '../storage/encryption.ts';
import type { Storage } from '../storage/storage.ts';

export interface SluiceStateMachineProps {
  readonly settings: Settings;
  readonly encryption: Encryption;
  readonly storage: Storage;
  readonly functions: Functions;
}

/** The pipeline as a state machine: standard, logged without data, traced, and ended after `run.timeoutHours`. */
export class SluiceStateMachine extends Construct {
  readonly stateMachine: StateMachine;

  constructor(scope: Construct, id: string, { settings, encryption, storage, functions }: SluiceStateMachineProps) {
    super(scope, id);
    const { bucket } = storage;
    const role = new Role(this, 'StateMachineRole', {
      assumedBy: trusted(this, 'states.amazonaws.com', {
        service: 'states',
        resource: 'stateMachine:*',
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
    });
    // An execution that is under way calls the functions' versions of the deploy that it began with: any version is granted.
    const call = (name: LambdaName) => {
      const resources = [`${functions.get(name).functionArn}:*`];
      role.addToPolicy(new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources }));
      return functions.version(name);
    };
    const pipeline = new Pipeline(this, 'Pipeline', {
      bucket,
      functions: {
        plan: call('plan'),
        startWorkers: call('start-workers'),
        open: call('open'),
        slice: call('slice'),
        close: call('close'),
        abandon: call('abandon'),
        reconcile: call('reconcile'),
        gatekeeper: call('gatekeeper'),
        done: call('done'),
      },
      gate: settings.gate,
      ingest: settings.ingest,
    });
    // The Map reads the plan and writes what came of its children.
    for (const statement of encryption.leave('s3', 'write')) role.addToPolicy(statement);
    this.stateMachine = new StateMachine(this, 'StateMachine', {
      stateMachineName: Stack.of(this).stackName,
      role,
      stateMachineType: StateMachineType.STANDARD,
      definitionBody: DefinitionBody.fromChainable(pipeline),
      timeout: Duration.hours(settings.run.timeoutHours),
      tracingEnabled: true,
      logs: {
        // Under this prefix the log group's policy can't outgrow its limit of 5,120 characters.
        destination: encryption.logGroup(this, `/aws/vendedlogs/states/${Stack.of(this).stackName}`),
        level: LogLevel[settings.logs.stateMachineLevel],
        // Inputs hold URLs and headers, which may be secrets.
        includeExecutionData: false,
      },
    });
    this.#letPlanLookAtExecutions(functions);
  }

  /**
   * Plan asks what became of an execution that holds its slot. A policy of its own: within the function's it would make
   * a circle, for the state machine needs the function.
   */
  #letPlanLookAtExecutions(functions: Functions): void {
    const role = functions.get('plan').role;
    if (role === undefined) throw new Error('the plan function has no role of its own');
    const executions = Stack.of(this).formatArn({
      service: 'states',
      resource: `execution:${this.stateMachine.stateMachineName}:*`,
    });
    new Policy(this, 'PlanLooksAtExecutions', {
      roles: [role],
      statements: [new PolicyStatement({ actions: ['states:DescribeExecution'], resources: [executions] })],
    });
  }
}
