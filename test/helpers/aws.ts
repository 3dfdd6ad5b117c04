import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { beforeAll, inject } from 'vitest';
import { type EmbeddedAws, inheritedEnv } from '#local/embedded/embedded-aws.ts';
import type { Queue } from '#run/fleet/dispatch.ts';
import type { Store } from '#run/store.ts';
import { fetchShared } from './setup/shared.ts';

/** What a test file needs to use the embedded AWS that all unit tests share. */
export type SharedAws = Omit<EmbeddedAws, 'childEnv' | 'ended' | 'stop'>;

/**
 * The embedded AWS that all unit tests share. Give each resource that you create a unique name. It can be used from
 * `beforeAll` on.
 */
export function useEmbeddedAws() {
  let aws: SharedAws | undefined;
  beforeAll(async () => {
    aws = await fetchShared<SharedAws>(inject('embeddedAws'));
  });
  const running = () => {
    if (aws === undefined) throw new Error('the embedded AWS can be used from beforeAll on');
    return aws;
  };
  const client = () => running().client;
  return {
    client,
    /** The environment of a child process that uses this AWS. */
    childEnv: (): NodeJS.ProcessEnv => ({ ...inheritedEnv(), ...running().env }),
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
