import { Duration } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';

export interface ExecutionRuleProps {
  readonly description: string;
  readonly stateMachine: IStateMachine;
  /** Which changes it is about, as EventBridge matches the fields of their details. */
  readonly when: Readonly<Record<string, readonly unknown[]>>;
  readonly call: IFunction;
  readonly undelivered: IQueue;
}

/**
 * Calls a function when an execution of the state machine changes its status. Children of the Map have another state
 * machine's ARN and don't match.
 */
export class ExecutionRule extends Construct {
  constructor(scope: Construct, id: string, props: ExecutionRuleProps) {
    super(scope, id);
    new Rule(this, 'Rule', {
      description: props.description,
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: { ...props.when, stateMachineArn: [props.stateMachine.stateMachineArn] },
      },
      targets: [
        new LambdaFunction(props.call, {
          deadLetterQueue: props.undelivered,
          maxEventAge: Duration.hours(6),
          retryAttempts: 10,
        }),
      ],
    });
  }
}
