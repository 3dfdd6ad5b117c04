import { Duration } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';

export interface CloseRunRuleProps {
  readonly stateMachine: IStateMachine;
  readonly closeRun: IFunction;
  readonly undelivered: IQueue;
}

/**
 * Closes runs whose execution ended without DoneState: an execution that is stopped, times out or breaks runs none of
 * its own Catches. Children of the Map have another state machine's ARN and don't match.
 */
export class CloseRunRule extends Construct {
  constructor(scope: Construct, id: string, { stateMachine, closeRun, undelivered }: CloseRunRuleProps) {
    super(scope, id);
    new Rule(this, 'Rule', {
      description: 'Closes runs whose execution failed, timed out or was stopped',
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: {
          status: ['FAILED', 'TIMED_OUT', 'ABORTED'],
          stateMachineArn: [stateMachine.stateMachineArn],
        },
      },
      targets: [
        new LambdaFunction(closeRun, {
          deadLetterQueue: undelivered,
          maxEventAge: Duration.hours(6),
          retryAttempts: 10,
        }),
      ],
    });
  }
}
