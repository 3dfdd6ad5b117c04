import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  SendMessageBatchCommand,
  type SendMessageBatchCommandInput,
  type SendMessageBatchRequestEntry,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { EmbeddedAws } from '#local/embedded/embedded-aws.ts';
import { seededRandom } from './s3-fault-proxy/random.ts';

/** How often each fault affects a request, from 0 to 1. */
export interface SqsFaults {
  /** A received message is sent once more, as a separate message. */
  readonly duplicate: number;
  /** A delete is answered as done, but is not done. */
  readonly dropDelete: number;
  /** A change of visibility is passed on this many milliseconds late. */
  readonly delayVisibility: number;
  readonly delayMs: number;
  /** How many of the first requests for messages are answered with 503. @default none */
  readonly failReceives?: number;
  /** Messages that are not taken, by their bodies: each is answered as the sender's fault, with this code. */
  readonly refuse?: { readonly code: string; readonly matches: (body: string) => boolean };
}

export interface SqsFaultProxy extends AsyncDisposable {
  /** The queue's URL by way of the proxy. */
  queueUrl(url: string): string;
  readonly happened: {
    duplicates: number;
    droppedDeletes: number;
    delayedVisibilities: number;
    failedReceives: number;
  };
}

/**
 * An HTTP proxy in front of SQS that delivers twice, forgets deletes and is late with visibility. Speaks SQS's JSON.
 */
export async function startSqsFaultProxy(
  client: EmbeddedAws['client'],
  { seed, ...faults }: SqsFaults & { readonly seed: number },
): Promise<SqsFaultProxy> {
  const random = seededRandom(seed);
  const sqs = new SQSClient({ ...client, useQueueUrlAsEndpoint: false });
  const happened = { duplicates: 0, droppedDeletes: 0, delayedVisibilities: 0, failedReceives: 0 };
  const hit = (probability: number): boolean => random() < probability;

  const server = createServer((incoming, answer) => {
    incoming.on('error', () => {});
    answer.on('error', () => {});
    handle(incoming, answer).catch(() => incoming.socket.destroy());
  });

  async function handle(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const body = await bytesOf(incoming);
    const operation = String(incoming.headers['x-amz-target'] ?? '').split('.')[1];
    if (operation === 'SendMessageBatch' && faults.refuse !== undefined) {
      return refuseSome(body, answer, faults.refuse);
    }
    if (operation === 'ReceiveMessage' && happened.failedReceives < (faults.failReceives ?? 0)) {
      happened.failedReceives++;
      answer.writeHead(503, { 'content-type': 'application/x-amz-json-1.0' });
      answer.end(JSON.stringify({ __type: 'ServiceUnavailable', message: 'made by the fault proxy' }));
      return;
    }
    if (operation === 'DeleteMessageBatch' && hit(faults.dropDelete)) {
      happened.droppedDeletes++;
      const { Entries = [] } = JSON.parse(body.toString()) as { Entries?: { Id: string }[] };
      answer.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' });
      answer.end(JSON.stringify({ Successful: Entries.map(({ Id }) => ({ Id })), Failed: [] }));
      return;
    }
    if (operation === 'ChangeMessageVisibility' && hit(faults.delayVisibility)) {
      happened.delayedVisibilities++;
      await sleep(faults.delayMs);
    }
    const done = await passOn(incoming, body);
    if (operation === 'ReceiveMessage') await duplicateSome(body, done.body);
    answer.writeHead(done.status, done.headers);
    answer.end(done.body);
  }

  /** Sends on what is not refused, as requests of its own: the sender has signed for all of it. */
  async function refuseSome(
    body: Buffer,
    answer: ServerResponse,
    { code, matches }: NonNullable<SqsFaults['refuse']>,
  ): Promise<void> {
    const asked = JSON.parse(body.toString()) as SendMessageBatchCommandInput;
    const isRefused = ({ MessageBody = '' }: SendMessageBatchRequestEntry) => matches(MessageBody);
    const { Entries = [] } = asked;
    const taken = Entries.filter((entry) => !isRefused(entry));
    const { Successful = [], Failed = [] } =
      taken.length === 0 ? {} : await sqs.send(new SendMessageBatchCommand({ ...asked, Entries: taken }));
    const refused = Entries.filter(isRefused).map(({ Id }) => ({
      Id,
      Code: code,
      SenderFault: true,
      Message: 'not taken',
    }));
    answer.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' });
    answer.end(JSON.stringify({ Successful, Failed: [...Failed, ...refused] }));
  }

  /** Sends what was received once more, in messages of their own. */
  async function duplicateSome(asked: Buffer, got: Buffer): Promise<void> {
    const { Messages = [] } = JSON.parse(got.toString() || '{}') as { Messages?: { Body: string }[] };
    const { QueueUrl } = JSON.parse(asked.toString()) as { QueueUrl: string };
    for (const { Body } of Messages) {
      if (!hit(faults.duplicate)) continue;
      happened.duplicates++;
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: Body }));
    }
  }

  function passOn(
    { method, url, headers }: IncomingMessage,
    body: Buffer,
  ): Promise<{ status: number; headers: Record<string, string | string[] | undefined>; body: Buffer }> {
    return new Promise((resolve, reject) => {
      const target = new URL(url ?? '/', client.endpoint);
      // SigV4 signs the Host that the client named, so that one arrives; the embedded AWS wants to be named too.
      const own = { 'content-length': body.length, 'x-sluice-forwarded-to': target.host };
      const sent = request(target, { method, headers: { ...headers, ...own } }, (done) => {
        bytesOf(done).then((bytes) => {
          const { 'transfer-encoding': _, ...kept } = done.headers;
          resolve({
            status: done.statusCode ?? 502,
            headers: { ...kept, 'content-length': String(bytes.length) },
            body: bytes,
          });
        }, reject);
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the SQS fault proxy has no port');
  return {
    happened,
    queueUrl: (url) => `http://127.0.0.1:${address.port}${new URL(url).pathname}`,
    async [Symbol.asyncDispose]() {
      sqs.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
