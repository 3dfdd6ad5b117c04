import {
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { expect, it } from 'vitest';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { BatchedDeletes } from '#worker/runtime/batched-deletes.ts';

const aws = useEmbeddedAws();

/** Receipt handles of that many messages on a queue. */
async function received(client: SQSClient, url: string, count: number): Promise<string[]> {
  const handles: string[] = [];
  for (let first = 0; first < count; first += 10) {
    const Entries = Array.from({ length: Math.min(10, count - first) }, (_, n) => ({ Id: `${n}`, MessageBody: 'x' }));
    await client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
  }
  while (handles.length < count) {
    const answer = await client.send(
      new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, VisibilityTimeout: 600 }),
    );
    handles.push(...(answer.Messages ?? []).map((message) => message.ReceiptHandle ?? ''));
  }
  return handles;
}

/** Counts the entries of each call. */
function watched(client: SQSClient): number[] {
  const calls: number[] = [];
  client.middlewareStack.add(
    (next, context) => (request) => {
      const { Entries } = request.input as { Entries?: unknown[] };
      if (context.commandName === DeleteMessageBatchCommand.name) calls.push(Entries?.length ?? 0);
      return next(request);
    },
    { step: 'initialize' },
  );
  return calls;
}

it('the batch of deletes sends the first delete at once, and later deletes together, ten in a call', async () => {
  const { client, url } = await aws.queue();
  const handles = await received(client, url, 24);
  const calls = watched(client);
  const deletes = new BatchedDeletes(client, url);
  await Promise.all(handles.map((handle) => deletes.delete(handle)));
  expect(calls).toEqual([1, 10, 10, 3]);
});

it('the batch of deletes fails only the deletes that SQS refuses', async () => {
  const { client, url } = await aws.queue();
  const [handle = ''] = await received(client, url, 1);
  client.middlewareStack.add(
    (next) => async (request) => {
      const answer = await next(request);
      const output = answer.output as { Failed?: unknown[] };
      output.Failed = [{ Id: '1', SenderFault: false, Code: 'InternalError', Message: 'try later' }];
      return answer;
    },
    { step: 'initialize' },
  );
  const deletes = new BatchedDeletes(client, url);
  // The first goes alone; entry 1 of the second call is the third handle.
  const [first, second, third] = await Promise.allSettled([handle, handle, handle].map((one) => deletes.delete(one)));
  expect([first?.status, second?.status]).toEqual(['fulfilled', 'fulfilled']);
  expect(third).toMatchObject({ reason: { name: 'DeleteError', message: expect.stringContaining('try later') } });
});

it('the batch of deletes fails all deletes of a failed call, and continues', async () => {
  const { client, url } = await aws.queue();
  const [handle = ''] = await received(client, url, 1);
  let faults = 1;
  client.middlewareStack.add(
    (next) => (request) => {
      if (faults-- > 0) throw new Error('the network is away');
      return next(request);
    },
    { step: 'initialize' },
  );
  const deletes = new BatchedDeletes(client, url);
  await expect(deletes.delete(handle)).rejects.toThrow('the network is away');
  await deletes.delete(handle);
});
