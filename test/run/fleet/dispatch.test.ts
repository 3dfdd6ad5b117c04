import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { expect, it } from 'vitest';
import { DispatchError, dispatch, type Queue } from '#run/fleet/dispatch.ts';
import type { WorkMessage } from '#run/fleet/message.ts';
import { itemId } from '#run/ids.ts';
import { runKeys } from '#run/keys.ts';
import { failureSchema } from '#run/ledger/records.ts';
import { listKeys, readJson } from '#run/store.ts';
import { useEmbeddedAws } from '#test/helpers/aws.ts';
import { startSqsFaultProxy } from '#test/helpers/sqs-fault-proxy.ts';

const aws = useEmbeddedAws();
const NO_FAULTS = { duplicate: 0, dropDelete: 0, delayVisibility: 0, delayMs: 0, seed: 1 };

const messageNamed = (name: string, input: WorkMessage['input'] = null): WorkMessage => ({
  v: 1,
  runId: 'night',
  item: itemId(name),
  name,
  process: { processor: 'scrape', options: {} },
  input,
});

async function receivedBy({ client, url }: Queue): Promise<WorkMessage[]> {
  const messages: WorkMessage[] = [];
  for (;;) {
    const { Messages = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10 }));
    if (Messages.length === 0) return messages;
    messages.push(...Messages.map(({ Body = '' }) => JSON.parse(Body) as WorkMessage));
  }
}

it.each(['InvalidMessageContents', 'MessageTooLong'])(
  'dispatch records the item whose message SQS refuses for %s as failed, and sends the other 49',
  async (code) => {
    const [store, queue] = await Promise.all([aws.store(), aws.queue()]);
    const refuse = { code, matches: (body: string) => body.includes('"item 7"') };
    await using proxy = await startSqsFaultProxy(aws.client(), { ...NO_FAULTS, refuse });
    const client = new SQSClient({ ...aws.client(), endpoint: new URL(proxy.queueUrl(queue.url)).origin });
    const messages = Array.from({ length: 50 }, (_, n) => messageNamed(`item ${n}`));
    await dispatch(store, { client, url: proxy.queueUrl(queue.url) }, messages);
    const received = await receivedBy(queue);
    expect(received.map(({ name }) => name).toSorted()).toEqual(
      messages
        .map(({ name }) => name)
        .filter((name) => name !== 'item 7')
        .toSorted(),
    );
    const key = runKeys('night').record('failures', itemId('item 7'));
    expect(await readJson(store, key, failureSchema)).toMatchObject({
      name: 'item 7',
      stage: 'process',
      problem: { error: 'MessageRefusedError', detail: expect.stringContaining(`${code}: not taken`) },
    });
    expect(await Array.fromAsync(listKeys(store, runKeys('night').ledger('failures')))).toHaveLength(1);
  },
);

it('the dispatch fails as a whole if the refusal concerns all messages', async () => {
  const [store, queue] = await Promise.all([aws.store(), aws.queue()]);
  const refuse = { code: 'KMS.AccessDeniedException', matches: () => true };
  await using proxy = await startSqsFaultProxy(aws.client(), { ...NO_FAULTS, refuse });
  const client = new SQSClient({ ...aws.client(), endpoint: new URL(proxy.queueUrl(queue.url)).origin });
  const sending = dispatch(store, { client, url: proxy.queueUrl(queue.url) }, [messageNamed('a')]);
  await expect(sending).rejects.toThrow(DispatchError);
  expect(await Array.fromAsync(listKeys(store, runKeys('night').ledger('failures')))).toEqual([]);
});

it('text with characters outside of XML is sent in a form that SQS accepts', async () => {
  const [store, queue] = await Promise.all([aws.store(), aws.queue()]);
  const bodies: string[] = [];
  const refuse = { code: 'InvalidMessageContents', matches: (body: string) => bodies.push(body) < 0 };
  await using proxy = await startSqsFaultProxy(aws.client(), { ...NO_FAULTS, refuse });
  const client = new SQSClient({ ...aws.client(), endpoint: new URL(proxy.queueUrl(queue.url)).origin });
  const input = { text: 'a\ufffeb\uffffc\u0001\ud800' };
  await dispatch(store, { client, url: proxy.queueUrl(queue.url) }, [messageNamed('odd', input)]);
  // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
  expect(bodies[0]).toMatch(/^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u);
  expect((await receivedBy(queue))[0]?.input).toEqual(input);
});
