import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll } from 'vitest';
import type { EmbeddedAws } from '#local/embedded/embedded-aws.ts';
import type { Queue } from '#run/fleet/dispatch.ts';
import type { Store } from '#run/store.ts';
import { startTestAws } from './embedded-aws.ts';

/** An embedded AWS for the tests of one file; what it gives is there from `beforeAll` on. */
export function useEmbeddedAws() {
  let aws: EmbeddedAws | undefined;
  beforeAll(async () => {
    aws = await startTestAws();
  });
  afterAll(() => aws?.stop());
  const client = () => {
    if (aws === undefined) throw new Error('the embedded AWS runs from beforeAll on');
    return aws.client;
  };
  return {
    client,
    /** An empty bucket of its own. */
    async store(): Promise<Store> {
      const store = { client: new S3Client(client()), bucket: `test-${randomUUID()}` };
      await store.client.send(new CreateBucketCommand({ Bucket: store.bucket }));
      return store;
    },
    /** An empty queue of its own. */
    async queue(attributes: Record<string, string> = {}): Promise<Queue> {
      const sqs = new SQSClient(client());
      const created = await sqs.send(new CreateQueueCommand({ QueueName: randomUUID(), Attributes: attributes }));
      return { client: sqs, url: created.QueueUrl ?? '' };
    },
  };
}
