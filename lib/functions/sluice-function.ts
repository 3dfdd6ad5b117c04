import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Role } from 'aws-cdk-lib/aws-iam';
import {
  Architecture,
  Code,
  type IFunction,
  Function as LambdaFunction,
  Runtime,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Access } from '../permissions/access.ts';
import { trustedLambda } from '../permissions/service-trust.ts';
import type { Settings } from '../settings/settings.ts';
import type { Encryption } from '../storage/encryption.ts';

export interface SluiceFunctionProps {
  /** The function's name, which is also the name of its log group. */
  readonly name: string;
  /** The folder with the bundle, whose `index.mjs` exports `handler`. */
  readonly bundle: string;
  readonly description: string;
  readonly memoryMiB: number;
  readonly timeout: Duration;
  readonly encryption: Encryption;
  readonly logLevel: Settings['logs']['level'];
}

/** A Lambda function of this project: runtime, processor, log group, tracing, and a role of its own. */
export class SluiceFunction extends Construct {
  readonly function: LambdaFunction;
  readonly logGroup: ILogGroup;

  constructor(scope: Construct, id: string, props: SluiceFunctionProps) {
    super(scope, id);
    const logGroup = props.encryption.logGroup(this, `/aws/lambda/${props.name}`);
    this.logGroup = logGroup;
    // This replaces CDK's role, whose managed policy permits writing to every log group of the account.
    const role = new Role(this, 'Role', { assumedBy: trustedLambda(this) });
    logGroup.grantWrite(role);
    this.function = new LambdaFunction(this, 'Function', {
      functionName: props.name,
      code: Code.fromAsset(props.bundle),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      description: props.description,
      memorySize: props.memoryMiB,
      timeout: props.timeout,
      tracing: Tracing.ACTIVE,
      role,
      logGroup,
      environment: { POWERTOOLS_LOG_LEVEL: props.logLevel },
      // Versions of earlier deploys stay, for executions that began with them. They are deleted with the function.
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE },
    });
  }

  /**
   * The code and the configuration of this deploy, under a number that no later deploy changes. A running execution
   * keeps the definition with which it began, and so keeps calling the functions for which that definition was written.
   */
  get version(): IFunction {
    // CDK's own types don't hold under exactOptionalPropertyTypes.
    return this.function.currentVersion as IFunction;
  }

  give(...accesses: readonly Access[]): void {
    for (const { environment, statements } of accesses) {
      for (const [name, value] of Object.entries(environment)) this.function.addEnvironment(name, value);
      for (const statement of statements) this.function.addToRolePolicy(statement);
    }
  }
}
