import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { z } from 'zod';
import type { EmbeddedAws } from './embedded/embedded-aws.ts';
import { keepingQueue } from './keeping-queue.ts';

/** A message that SNS sends to a queue. */
const notificationSchema = z.object({ Message: z.string() });

const alarmSchema = z.object({ AlarmName: z.string(), NewStateValue: z.string(), AlarmDescription: z.string() });

/** Formats an alert for a person: EventBridge sends a text as JSON, CloudWatch sends an alarm as an object. */
export function readAlert(message: string): string {
  const value: unknown = JSON.parse(message);
  if (typeof value === 'string') return value;
  const { AlarmName, NewStateValue, AlarmDescription } = alarmSchema.parse(value);
  return `${AlarmName} is ${NewStateValue}: ${AlarmDescription}`;
}

/**
 * Subscribes to the topic of a deployment's alerts.
 *
 * @returns a function that returns all alerts so far, oldest first.
 */
export async function listenToAlerts(
  { client }: Pick<EmbeddedAws, 'client'>,
  topicArn: string,
): Promise<() => Promise<readonly string[]>> {
  const queue = await keepingQueue(client);
  await new SNSClient(client).send(new SubscribeCommand({ TopicArn: topicArn, Protocol: 'sqs', Endpoint: queue.arn }));
  return async () =>
    (await queue.messages()).map((body) => readAlert(notificationSchema.parse(JSON.parse(body)).Message));
}
