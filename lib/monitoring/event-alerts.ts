import { Duration } from 'aws-cdk-lib';
import { type EventPattern, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { SnsTopic } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement, Role } from 'aws-cdk-lib/aws-iam';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { trusted } from '../permissions/service-trust.ts';
import type { Encryption } from '../storage/encryption.ts';

export interface EventAlertsProps {
  readonly topic: ITopic;
  readonly encryption: Encryption;
  /** Takes what can't be handed to the topic. */
  readonly undelivered: IQueue;
}

export interface EventAlert {
  readonly description: string;
  readonly pattern: EventPattern;
  /**
   * What a person reads, on one line. Fields of the event may stand in it by `EventField.fromPath`, but no free text: a
   * quotation mark in it would break the message, and EventBridge would drop it.
   */
  readonly says: string;
}

/**
 * Alerts that tell of each event that matches, at once and one by one. An alarm would tell of the first, and stay in its state
 * until a period has passed without another; and it would cost $0.10 a month, where a rule costs nothing.
 */
export class EventAlerts extends Construct {
  readonly #props: EventAlertsProps;
  /** A role and not the topic's policy: so a topic of the user's needs none of EventBridge's. */
  readonly #role: Role;

  constructor(scope: Construct, id: string, props: EventAlertsProps) {
    super(scope, id);
    this.#props = props;
    this.#role = new Role(this, 'Role', {
      assumedBy: trusted(this, 'events.amazonaws.com', { service: 'events', resource: 'rule/*' }),
    });
    this.#role.addToPolicy(new PolicyStatement({ actions: ['sns:Publish'], resources: [props.topic.topicArn] }));
    for (const statement of props.encryption.leave('sns', 'write')) this.#role.addToPolicy(statement);
  }

  add(id: string, { description, pattern, says }: EventAlert): void {
    const { topic, undelivered } = this.#props;
    const target = new SnsTopic(topic, {
      message: RuleTargetInput.fromText(says),
      role: this.#role,
      deadLetterQueue: undelivered,
      maxEventAge: Duration.hours(6),
      retryAttempts: 10,
    });
    new Rule(this, id, { description, eventPattern: pattern, targets: [target] });
  }
}
