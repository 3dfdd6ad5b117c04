import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { beforeAll, describe, expect, it } from 'vitest';
import { useEmbeddedAws } from '#test/helpers/aws.ts';

const aws = useEmbeddedAws();
let sqs: SQSClient;
beforeAll(() => {
  sqs = new SQSClient(aws.client());
});

async function send(QueueUrl: string, bodies: readonly string[]): Promise<void> {
  const Entries = bodies.map((MessageBody, index) => ({ Id: String(index), MessageBody }));
  await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
}

async function receive(QueueUrl: string, most = 10, VisibilityTimeout = 60): Promise<Message[]> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: most,
      VisibilityTimeout,
      MessageSystemAttributeNames: ['ApproximateReceiveCount'],
    }),
  );
  return Messages;
}

const bodiesOf = (messages: readonly Message[]) => messages.map(({ Body }) => Body);
const giveBack = (QueueUrl: string, { ReceiptHandle }: Message) =>
  sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));

describe('a queue of the embedded AWS', () => {
  it('a queue delivers the first visible messages, also returned ones', async () => {
    const { url } = await aws.queue();
    await send(url, ['a', 'b', 'c', 'd', 'e']);
    const [a] = await receive(url, 2);
    expect(bodiesOf(await receive(url, 2))).toEqual(['c', 'd']);
    await giveBack(url, a as Message);
    const again = await receive(url);
    expect(bodiesOf(again)).toEqual(['a', 'e']);
    expect(again.map(({ Attributes }) => Attributes?.ApproximateReceiveCount)).toEqual(['2', '1']);
    expect(await receive(url)).toEqual([]);
  });

  it('a queue counts visible messages and messages in flight', async () => {
    const { url } = await aws.queue();
    await send(url, ['a', 'b', 'c']);
    const [a] = await receive(url, 2);
    await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: a?.ReceiptHandle }));
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }));
    expect(Attributes).toMatchObject({
      ApproximateNumberOfMessages: '1',
      ApproximateNumberOfMessagesNotVisible: '1',
    });
  });

  it('a queue deletes only by the handle of the last receive, one by one and in batches', async () => {
    const { url } = await aws.queue();
    await send(url, ['a', 'b', 'c', 'd']);
    const [a, b, c] = await receive(url, 3);
    await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: b?.ReceiptHandle }));
    const { Successful, Failed } = await sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl: url,
        Entries: [
          { Id: 'gone', ReceiptHandle: 'nobody’s' },
          { Id: 'c', ReceiptHandle: c?.ReceiptHandle },
        ],
      }),
    );
    expect(Successful).toEqual([{ Id: 'c' }]);
    expect(Failed).toMatchObject([{ Id: 'gone', Code: 'ReceiptHandleIsInvalid' }]);
    const unknown = sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: 'nobody’s' }));
    await expect(unknown).rejects.toThrow('receipt handle is invalid');
    await giveBack(url, a as Message);
    expect(bodiesOf(await receive(url))).toEqual(['a', 'd']);
  });

  it('a queue moves a message to its dead letters after the allowed number of receives, and no other', async () => {
    const [dead, { url }] = await Promise.all([aws.queue(), aws.queue()]);
    const { Attributes: { QueueArn: deadLetterTargetArn } = {} } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: dead.url, AttributeNames: ['QueueArn'] }),
    );
    const allow = (maxReceiveCount: number) =>
      sqs.send(
        new SetQueueAttributesCommand({
          QueueUrl: url,
          Attributes: { RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount }) },
        }),
      );
    await allow(3);
    await send(url, ['poison', 'good']);
    for (let time = 1; time <= 2; time++) {
      const [poison] = await receive(url, 1);
      expect(poison?.Body).toBe('poison');
      await giveBack(url, poison as Message);
    }
    // Two of three receives: it is delivered once more. With a lower limit, this would have been the last time.
    await allow(2);
    expect(bodiesOf(await receive(url))).toEqual(['good']);
    expect(bodiesOf(await receive(dead.url))).toEqual(['poison']);
  });

  it('a FIFO queue keeps the order, with one message of a group at a time', async () => {
    const { QueueUrl = '' } = await sqs.send(
      new CreateQueueCommand({
        QueueName: `${crypto.randomUUID()}.fifo`,
        Attributes: { FifoQueue: 'true', ContentBasedDeduplication: 'true' },
      }),
    );
    const Entries = ['a', 'b'].map((MessageBody) => ({ Id: MessageBody, MessageBody, MessageGroupId: 'group' }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    const first = await receive(QueueUrl, 1);
    expect(bodiesOf(first)).toEqual(['a']);
    expect(await receive(QueueUrl)).toEqual([]);
  });
});
