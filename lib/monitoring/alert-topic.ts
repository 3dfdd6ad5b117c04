import { ArnFormat, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import type { Settings } from '../settings/settings.ts';
import type { Encryption } from '../storage/encryption.ts';
import { senderOf } from './alert-sender.ts';

export interface AlertTopicProps {
  readonly alerts: Settings['alerts'];
  readonly encryption: Encryption;
}

/**
 * The topic for alerts: the one that `alerts.topic` names, or a new one, to which the alarms of this stack may publish.
 */
export class AlertTopic extends Construct {
  readonly topic: ITopic;

  constructor(scope: Construct, id: string, { alerts, encryption }: AlertTopicProps) {
    super(scope, id);
    this.topic =
      alerts.topic === undefined ? this.#ownTopic(encryption) : Topic.fromTopicArn(this, 'Topic', alerts.topic);
    if (alerts.email !== undefined) this.topic.addSubscription(new EmailSubscription(alerts.email));
  }

  #ownTopic(encryption: Encryption): ITopic {
    const stack = Stack.of(this);
    const topic = new Topic(this, 'Topic', {
      topicName: `${stack.stackName}-alerts`,
      displayName: senderOf(stack.stackName),
      enforceSSL: true,
      ...encryption.topic(),
    });
    topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: {
          StringEquals: { 'aws:SourceAccount': stack.account },
          ArnLike: {
            'aws:SourceArn': stack.formatArn({
              service: 'cloudwatch',
              resource: 'alarm',
              resourceName: `${stack.stackName}-*`,
              arnFormat: ArnFormat.COLON_RESOURCE_NAME,
            }),
          },
        },
      }),
    );
    return topic;
  }
}
