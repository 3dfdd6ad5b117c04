import { Duration } from 'aws-cdk-lib';
import { type IRuleTarget, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { LambdaFunction, SfnStateMachine, type TargetBaseProps } from 'aws-cdk-lib/aws-events-targets';
import { Role } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { trusted } from '../permissions/service-trust.ts';

export interface ExecutionRuleProps {
  readonly description: string;
  readonly stateMachine: IStateMachine;
  /** The status changes that the rule matches, as patterns for the details of EventBridge's events. */
  readonly when: Readonly<Record<string, readonly unknown[]>>;
  /** The target: a function gets the event, a state machine gets the event's detail. */
  readonly call: IFunction | IStateMachine;
  /** The queue for events that EventBridge can't deliver. */
  readonly undelivered: IQueue;
}

/**
 * Calls a function, or starts a state machine, when an execution of the state machine changes its status. Children of
 * the Map have another state machine's ARN and don't match.
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
      targets: [this.#target(props)],
    });
  }

  #target({ call, undelivered }: ExecutionRuleProps): IRuleTarget {
    const delivery: TargetBaseProps = {
      deadLetterQueue: undelivered,
      maxEventAge: Duration.hours(6),
      retryAttempts: 10,
    };
    if (!('stateMachineArn' in call)) return new LambdaFunction(call, delivery);
    return new SfnStateMachine(call, {
      ...delivery,
      input: RuleTargetInput.fromEventPath('$.detail'),
      role: new Role(this, 'Role', {
        assumedBy: trusted(this, 'events.amazonaws.com', { service: 'events', resource: 'rule/*' }),
      }),
    });
  }
}
