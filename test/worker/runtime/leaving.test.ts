import { SQSClient } from '@aws-sdk/client-sqs';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { defineProcessor, type Processor } from '#processors/contract/processor.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { startSqsFaultProxy } from '#test/helpers/sqs-fault-proxy.ts';
import { WorkerRig } from '#test/helpers/worker.ts';

const aws = useEmbeddedAws();
const nothing = defineProcessor({
  name: 'nothing',
  options: z.strictObject({}),
  process: async () => null,
}) as Processor;

it('a worker stays and does the work if its queue answers 503 for longer than the limit for an empty queue', async () => {
  const [store, direct] = await Promise.all([aws.store(), aws.queue()]);
  // The pauses after the answers are 0.5, 1 and 2 s, and the worker leaves an empty queue after one.
  await using proxy = await startSqsFaultProxy(aws.client(), {
    seed: 1,
    duplicate: 0,
    dropDelete: 0,
    delayVisibility: 0,
    delayMs: 0,
    failReceives: 3,
  });
  const url = proxy.queueUrl(direct.url);
  const client = new SQSClient({ ...aws.client(), endpoint: new URL(url).origin, maxAttempts: 1 });
  const rig = new WorkerRig(store, { client, url }, 'silent-queue', [nothing]);
  const message = rig.message('patience', 'nothing');
  await rig.send(message);
  expect(await rig.work({ idleSeconds: 1 })).toMatchObject({ done: 1 });
  expect(proxy.happened.failedReceives).toBe(3);
  expect(await rig.result(message)).toMatchObject({ item: message.item });
  expect(await new WorkerRig(store, direct, 'silent-queue', []).messagesLeft()).toEqual({ visible: 0, inFlight: 0 });
});
