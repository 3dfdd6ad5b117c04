import { DeleteMessageCommand, type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import pMap from 'p-map';
import type { Queue } from '#run/fleet/dispatch.ts';
import { messageSchema } from '#run/fleet/message.ts';
import { parseJson } from '#run/input/json-text.ts';
import { recordFailure } from '#run/ledger/record-failure.ts';
import type { Store } from '#run/store.ts';

/** One look makes at most this many calls of ten messages; the rest waits for the next look. */
const CALLS = 20;

/** The name, in records, for an item whose message was delivered as often as allowed. */
class DeadLetterError extends Error {
  override readonly name = 'DeadLetterError';
}

/**
 * Turns dead letters of all runs into failures, so that a gate does not wait for an item that kills each worker.
 * Nothing polls this queue between runs, so an empty queue costs nothing.
 *
 * A dead letter that names no item of Sluice stays, so that a person can read it.
 *
 * @returns how many failures were recorded.
 */
export async function drainDeadLetters(store: Store, deadLetters: Queue): Promise<number> {
  let recorded = 0;
  for (let call = 0; call < CALLS; call++) {
    const { Messages = [] } = await deadLetters.client.send(
      new ReceiveMessageCommand({
        QueueUrl: deadLetters.url,
        MaxNumberOfMessages: 10,
        MessageSystemAttributeNames: ['ApproximateReceiveCount'],
      }),
    );
    const drained = await pMap(Messages, (message) => drain(store, deadLetters, message));
    recorded += drained.filter(Boolean).length;
    if (Messages.length === 0) break;
  }
  return recorded;
}

/** @returns whether the message belonged to an item, which then has a failure. */
async function drain(store: Store, { client, url }: Queue, message: Message): Promise<boolean> {
  const parsed = messageSchema.safeParse(parseJson(message.Body ?? ''));
  if (!parsed.success) return false;
  const { runId, item, name, fetch } = parsed.data;
  const attempts = Number(message.Attributes?.ApproximateReceiveCount ?? 0);
  const stage = fetch === undefined ? 'process' : 'transfer';
  const error = new DeadLetterError(
    `no worker finished ${name} or recorded a reason, in ${attempts} deliveries: the item may kill or stall each worker`,
  );
  await recordFailure(store, { runId, item, name, stage }, error, attempts);
  await client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message.ReceiptHandle }));
  return true;
}
