import { requestLimits } from '#run/aws-requests.ts';
import type { Queue } from '#run/fleet/dispatch.ts';

/**
 * Opens the queue when it is first asked for: most calls send no message, and SQS's client is a third of what they
 * would load.
 */
export type LateQueue = () => Promise<Queue>;

export function lateQueue(url: string): LateQueue {
  let opened: Promise<Queue> | undefined;
  return () => {
    opened ??= import('@aws-sdk/client-sqs').then(({ SQSClient }) => ({ client: new SQSClient(requestLimits()), url }));
    return opened;
  };
}
