import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { z } from 'zod';
import type { EmbeddedAws } from './embedded/embedded-aws.ts';

const alarmSchema = z.object({ AlarmName: z.string(), NewStateValue: z.string(), AlarmDescription: z.string() });

/** An alert as a person would read it: EventBridge sends a text as JSON, CloudWatch an alarm as an object. */
export function readAlert(message: string): string {
  const value: unknown = JSON.parse(message);
  if (typeof value === 'string') return value;
  const { AlarmName, NewStateValue, AlarmDescription } = alarmSchema.parse(value);
  return `${AlarmName} is ${NewStateValue}: ${AlarmDescription}`;
}

/**
 * Subscribes to the topic of a deployment's alerts, as a pager would.
 *
 * @returns reads all alerts that have come since, oldest first.
 */
export async function listenToAlerts(
  { client }: Pick<EmbeddedAws, 'client'>,
  topicArn: string,
): Promise<() => Promise<readonly string[]>> {
  const sqs = new SQSClient(client);
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: `alerts-${crypto.randomUUID()}` }));
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  const arn = Attributes?.QueueArn ?? '';
  const allowed = {
    Effect: 'Allow',
    Principal: { Service: 'sns.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: arn,
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [allowed] });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  await new SNSClient(client).send(new SubscribeCommand({ TopicArn: topicArn, Protocol: 'sqs', Endpoint: arn }));
  const read: string[] = [];
  return async () => {
    for (;;) {
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
      if (Messages.length === 0) return read;
      for (const { Body = '{}', ReceiptHandle } of Messages) {
        read.push(readAlert(z.object({ Message: z.string() }).parse(JSON.parse(Body)).Message));
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      }
    }
  };
}
