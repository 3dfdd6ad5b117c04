import { ChangeMessageVisibilityCommand, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { BatchedDeletes } from './batched-deletes.ts';

/** One delivery of a message. If SQS delivers a message twice, there are two of these. */
export interface Delivery {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  /** How often SQS has delivered the message, this delivery included. */
  readonly receiveCount: number;
}

/** The queue from a worker's point of view. */
export interface Queue {
  /** Waits up to `waitSeconds` for messages, and receives up to `max` (at most 10). */
  receive(max: number, waitSeconds: number): Promise<Delivery[]>;
  /**
   * Reserves the message for another visibility timeout that begins now. `lost`: another worker may have received it.
   */
  extend(delivery: Delivery): Promise<'extended' | 'lost'>;
  /** Makes the message visible again after a pause. A lost message is left alone. */
  giveBack(delivery: Delivery, pauseSeconds: number): Promise<void>;
  delete(delivery: Delivery): Promise<void>;
}

/**
 * These are our own calls instead of `sqs-consumer` (15.0.3, judged by its source). That package receives again only
 * when the whole earlier batch is done, so one long item blocks the other places. Its heartbeat continues after the
 * message is lost, and reports nothing. When it stops, it either processes what the open poll still returns, or aborts
 * deletes and visibility changes too. Without these parts, only these four requests would remain of it.
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

/** SQS's codes for a message that is visible again or deleted. There are two protocols and three spellings. */
function isLost(error: unknown): boolean {
  const name = error instanceof Error ? error.name : '';
  return /MessageNotInflight|ReceiptHandleIsInvalid|InvalidParameterValue/.test(name);
}
