import { randomUUID } from 'node:crypto';
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { EmbeddedAws } from '#local/embedded/embedded-aws.ts';

/** An empty queue that keeps what comes into it, for a test to look at. */
export async function keepingQueue(client: EmbeddedAws['client']) {
  const sqs = new SQSClient(client);
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: randomUUID() }));
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  // A topic asks the queue's policy.
  const Statement = [{ Effect: 'Allow', Principal: '*', Action: 'sqs:SendMessage', Resource: Attributes?.QueueArn }];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  const kept: string[] = [];
  return {
    arn: Attributes?.QueueArn ?? '',
    /** The bodies of all messages that have come so far. */
    async messages(): Promise<readonly string[]> {
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
      for (const { Body = '', ReceiptHandle } of Messages) {
        kept.push(Body);
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      }
      return kept;
    },
  };
}

/** An event as EventBridge hands it over. */
export interface DeliveredEvent {
  readonly source: string;
  readonly 'detail-type': string;
  readonly resources: readonly string[];
  readonly detail: unknown;
}

/** A rule on the default bus, and a queue that keeps the events that match its pattern. */
export async function eventQueue(client: EmbeddedAws['client'], pattern: object) {
  const events = new EventBridgeClient(client);
  const queue = await keepingQueue(client);
  const Name = randomUUID();
  await events.send(new PutRuleCommand({ Name, EventPattern: JSON.stringify(pattern) }));
  await events.send(new PutTargetsCommand({ Rule: Name, Targets: [{ Id: 'queue', Arn: queue.arn }] }));
  return {
    async events(): Promise<DeliveredEvent[]> {
      return (await queue.messages()).map((body) => JSON.parse(body));
    },
  };
}
