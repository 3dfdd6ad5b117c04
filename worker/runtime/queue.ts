import { ChangeMessageVisibilityCommand, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { BatchedDeletes } from './batched-deletes.ts';

/** One delivery of a message. A message that is delivered twice makes two of them. */
export interface Delivery {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  /** How often SQS has handed out the message, this time included. */
  readonly receiveCount: number;
}

/** The queue, as a worker sees it. */
export interface Queue {
  /** Waits up to `waitSeconds` for messages, and takes up to `max` (at most 10). */
  receive(max: number, waitSeconds: number): Promise<Delivery[]>;
  /** Reserves the message for another visibility timeout from now on. `lost`: it isn't ours any more. */
  extend(delivery: Delivery): Promise<'extended' | 'lost'>;
  /** Lets the queue deliver the message again, after a pause. A message that is lost is left alone. */
  giveBack(delivery: Delivery, pauseSeconds: number): Promise<void>;
  delete(delivery: Delivery): Promise<void>;
}

/**
 * Own calls and not `sqs-consumer` (15.0.3, judged by its source): it receives again only when the whole batch before
 * is done, so one long item blocks the other places; its heartbeat goes on after the message is lost and tells nobody;
 * and stopping it either processes what the open poll still brings, or aborts deletes and visibility changes too. What
 * would be left of it are these four requests.
 */
export function openQueue(client: SQSClient, queueUrl: string, visibilitySeconds: number): Queue {
  const changeVisibility = async (delivery: Delivery, seconds: number): Promise<'extended' | 'lost'> => {
    try {
      await client.send(
        new ChangeMessageVisibilityCommand({
          QueueUrl: queueUrl,
          ReceiptHandle: delivery.receiptHandle,
          VisibilityTimeout: seconds,
        }),
      );
      return 'extended';
    } catch (error) {
      if (isLost(error)) return 'lost';
      throw error;
    }
  };

  const deletes = new BatchedDeletes(client, queueUrl);
  return {
    async receive(max, waitSeconds) {
      const answer = await client.send(
        new ReceiveMessageCommand({
          QueueUrl: queueUrl,
          MaxNumberOfMessages: max,
          WaitTimeSeconds: waitSeconds,
          VisibilityTimeout: visibilitySeconds,
          MessageSystemAttributeNames: ['ApproximateReceiveCount'],
        }),
      );
      return (answer.Messages ?? []).map((message) => ({
        messageId: message.MessageId ?? '',
        receiptHandle: message.ReceiptHandle ?? '',
        body: message.Body ?? '',
        receiveCount: Number(message.Attributes?.ApproximateReceiveCount ?? 1),
      }));
    },
    extend: (delivery) => changeVisibility(delivery, visibilitySeconds),
    async giveBack(delivery, pauseSeconds) {
      await changeVisibility(delivery, pauseSeconds);
    },
    delete: (delivery) => deletes.delete(delivery.receiptHandle),
  };
}

/** SQS's words for a message that is visible again or gone. Two protocols and three spellings are in use. */
function isLost(error: unknown): boolean {
  const name = error instanceof Error ? error.name : '';
  return /MessageNotInflight|ReceiptHandleIsInvalid|InvalidParameterValue/.test(name);
}
