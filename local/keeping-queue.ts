import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { EmbeddedAws } from './embedded/embedded-aws.ts';

/** A queue of the embedded AWS that stores everything that was sent to it. */
export interface KeepingQueue {
  readonly arn: string;
  /** Returns the bodies of all messages so far, oldest first. */
  messages(): Promise<readonly string[]>;
}

/** Creates an empty queue to which topics and rules may send. */
export async function keepingQueue(client: EmbeddedAws['client']): Promise<KeepingQueue> {
  const sqs = new SQSClient(client);
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: `kept-${crypto.randomUUID()}` }));
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  const arn = Attributes?.QueueArn ?? '';
  const allowed = {
    Effect: 'Allow',
    Principal: { Service: ['sns.amazonaws.com', 'events.amazonaws.com'] },
    Action: 'sqs:SendMessage',
    Resource: arn,
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [allowed] });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  const kept: string[] = [];
  return {
    arn,
    async messages() {
      for (;;) {
        const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
        if (Messages.length === 0) return kept;
        for (const { Body = '', ReceiptHandle } of Messages) {
          kept.push(Body);
          await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
        }
      }
    },
  };
}
