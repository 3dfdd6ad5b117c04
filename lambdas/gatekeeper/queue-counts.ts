import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import type { Queue } from '#run/fleet/dispatch.ts';

export interface QueueCounts {
  /** Messages that wait, with the delayed ones. */
  readonly queued: number;
  /** Messages that workers have received. */
  readonly inFlight: number;
}

/** Returns SQS's counts of a queue. They are approximate, and become exact a minute or more after the last send. */
export async function queueCounts(queue: Queue): Promise<QueueCounts> {
  const { Attributes = {} } = await queue.client.send(
    new GetQueueAttributesCommand({
      QueueUrl: queue.url,
      AttributeNames: [
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesNotVisible',
        'ApproximateNumberOfMessagesDelayed',
      ],
    }),
  );
  return {
    queued: Number(Attributes.ApproximateNumberOfMessages) + Number(Attributes.ApproximateNumberOfMessagesDelayed),
    inFlight: Number(Attributes.ApproximateNumberOfMessagesNotVisible),
  };
}
