import { DeleteMessageCommand, type Message, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import pMap from 'p-map';
import type { Queue } from '#run/fleet/dispatch.ts';
import { messageSchema } from '#run/fleet/message.ts';
import { parseJson } from '#run/input/json-text.ts';
import { recordFailure } from '#run/ledger/record-failure.ts';
import type { Store } from '#run/store.ts';

/** One look takes at most so many calls of ten; what is left waits for the next look. */
const CALLS = 20;

/** The name, in records, of an item whose message was delivered as often as it may be. */
class DeadLetterError extends Error {
  override readonly name = 'DeadLetterError';
}

/**
 * Turns dead letters into failures, of whichever run they are, so that a gate closes at once instead of waiting for
 * an item that kills each worker. Nothing polls this queue between runs, so an empty one costs nothing.
 *
 * A dead letter that names no item of ours stays, for a person to look at.
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

/** @returns whether it was an item's, which then has a failure. */
async function drain(store: Store, { client, url }: Queue, message: Message): Promise<boolean> {
  const parsed = messageSchema.safeParse(parseJson(message.Body ?? ''));
  if (!parsed.success) return false;
  const { runId, item, name, fetch } = parsed.data;
  const attempts = Number(message.Attributes?.ApproximateReceiveCount ?? 0);
  const stage = fetch === undefined ? 'process' : 'transfer';
  const error = new DeadLetterError(
    `no worker came to an end with ${name}, and none could say why, in ${attempts} deliveries: it may kill or stall each one`,
  );
  await recordFailure(store, { runId, item, name, stage }, error, attempts);
  await client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message.ReceiptHandle }));
  return true;
}
