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
  /** The queue for events that can't be delivered to the topic. */
  readonly undelivered: IQueue;
}

export interface EventAlert {
  readonly description: string;
  readonly pattern: EventPattern;
  /**
   * What a person reads, on one line. It may contain fields of the event (`EventField.fromPath`), but no free text: a
   * quotation mark in such a text would break the message, and EventBridge would drop it.
   */
  readonly says: string;
}

/**
 * Alerts that report each matching event, at once and separately. An alarm would report the first event, and keep its
 * state until a period without an event has passed. An alarm costs $0.10 a month, a rule costs nothing.
 */
export class EventAlerts extends Construct {
  readonly #props: EventAlertsProps;
  /** A role instead of the topic's policy, so that a user's topic needs no policy for EventBridge. */
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
