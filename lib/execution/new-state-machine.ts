import { ArnFormat, type Duration } from 'aws-cdk-lib';
import { PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import {
  DefinitionBody,
  type IChainable,
  LogLevel,
  StateMachine,
  StateMachineType,
} from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import type { Functions } from '../functions/functions.ts';
import type { LambdaName } from '../functions/lambda-entries.ts';
import { trusted } from '../permissions/service-trust.ts';
import type { Settings } from '../settings/settings.ts';
import type { Encryption } from '../storage/encryption.ts';

export interface NewStateMachineProps {
  readonly name: string;
  readonly settings: Settings;
  readonly encryption: Encryption;
  readonly functions: Functions;
  /** Makes the states; `call` returns a function for them to call. */
  readonly definition: (call: (name: LambdaName) => IFunction) => IChainable;
  readonly timeout: Duration;
  /** The permissions of the states, besides calling functions. */
  readonly statements?: readonly PolicyStatement[];
}

/** Makes a state machine of this project: standard, logged without data, traced, with a role of its own. */
export function newStateMachine(scope: Construct, props: NewStateMachineProps): StateMachine {
  const { name, settings, encryption, functions, definition, timeout, statements = [] } = props;
  const role = new Role(scope, 'StateMachineRole', {
    assumedBy: trusted(scope, 'states.amazonaws.com', {
      service: 'states',
      resource: 'stateMachine:*',
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    }),
  });
  // A running execution calls the versions of the functions from the deploy with which it began, so every version is
  // granted.
  const call = (fn: LambdaName): IFunction => {
    const resources = [`${functions.get(fn).functionArn}:*`];
    role.addToPolicy(new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources }));
    return functions.version(fn);
  };
  const states = definition(call);
  for (const statement of statements) role.addToPolicy(statement);
  return new StateMachine(scope, 'StateMachine', {
    stateMachineName: name,
    role,
    stateMachineType: StateMachineType.STANDARD,
    definitionBody: DefinitionBody.fromChainable(states),
    timeout,
    tracingEnabled: true,
    logs: {
      // With this prefix, the log group's policy can't exceed its limit of 5,120 characters.
      destination: encryption.logGroup(scope, `/aws/vendedlogs/states/${name}`),
      level: LogLevel[settings.logs.stateMachineLevel],
      // Inputs contain URLs and headers, which may be secrets.
      includeExecutionData: false,
    },
  });
}
