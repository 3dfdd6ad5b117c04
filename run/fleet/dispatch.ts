import type { SQSClient } from '@aws-sdk/client-sqs';
import pMap from 'p-map';
import { recordFailure } from '../ledger/record-failure.ts';
import type { Store } from '../store.ts';
import type { WorkMessage } from './message.ts';

export interface Queue {
  readonly client: SQSClient;
  readonly url: string;
}

/** SQS accepts at most ten entries a call. */
const ENTRIES_PER_CALL = 10;
/** SQS accepts at most one mebibyte a call. A message has a few hundred bytes, but an item of work can have more. */
const BYTES_PER_CALL = 900_000;
const ATTEMPTS = 4;
/**
 * The number of calls at once. SQS needs some 10 ms for a call, most of which the sender waits. A standard queue has no
 * limit of its own.
 */
const CALLS_AT_ONCE = 8;

/** SQS did not accept some messages after several attempts. */
export class DispatchError extends Error {
  override readonly name = 'DispatchError';
}

/** A message that SQS will never accept, so its item fails. */
class MessageRefusedError extends Error {
  override readonly name = 'MessageRefusedError';
}

/** SQS's codes for a message that it will never accept. Any other refusal concerns all messages. */
const NEVER_TAKEN = new Set(['InvalidMessageContents', 'InvalidParameterValue', 'MessageTooLong']);

/**
 * Sends items to the workers, several calls at once. A message that is sent twice does no harm, because a worker reads
 * the ledger first.
 *
 * If SQS refuses a message because of its content or its length, this is recorded as the failure of its item, and the
 * other messages are sent.
 *
 * @param messages are read while they are sent, so there may be more of them than fit into memory.
 * @throws DispatchError if SQS refuses entries again and again.
 */
export async function dispatch(
  store: Store,
  queue: Queue,
  messages: Iterable<WorkMessage> | AsyncIterable<WorkMessage>,
): Promise<void> {
  await pMap(
    groups(messages),
    async (group) => {
      for (const { message, why } of await sendGroup(queue, group)) await recordRefused(store, message, why);
    },
    { concurrency: CALLS_AT_ONCE },
  );
}

interface Refused {
  readonly message: WorkMessage;
  readonly why: string;
}

/** @returns the messages that SQS will never accept. */
async function sendGroup(queue: Queue, group: readonly WorkMessage[]): Promise<Refused[]> {
  // Whoever makes messages and sends none, as Slice does, needs no client of SQS.
  const { SendMessageBatchCommand } = await import('@aws-sdk/client-sqs');
  const refused: Refused[] = [];
  let open = [...group];
  for (let attempt = 1; ; attempt++) {
    const answer = await queue.client.send(
      new SendMessageBatchCommand({
        QueueUrl: queue.url,
        Entries: open.map((message, index) => ({
          Id: String(index),
          MessageBody: bodyOf(message),
          // Fair queues: messages of a long run don't delay those of a short one.
          MessageGroupId: message.runId,
        })),
      }),
    );
    const failed: WorkMessage[] = [];
    for (const { Id, Code = '', Message, SenderFault } of answer.Failed ?? []) {
      const message = open[Number(Id)];
      if (message === undefined) continue;
      if (SenderFault === true && NEVER_TAKEN.has(Code)) refused.push({ message, why: `${Code}: ${Message ?? ''}` });
      else if (SenderFault === true || attempt === ATTEMPTS) {
        throw new DispatchError(`${queue.url} did not accept all of ${group.length} messages: ${Code} ${Message}`);
      } else failed.push(message);
    }
    if (failed.length === 0) return refused;
    open = failed;
  }
}

/**
 * Returns the message as JSON that SQS accepts. SQS accepts only the characters of XML, and JSON may contain two code
 * points that are not among them. So these two are escaped.
 */
function bodyOf(message: WorkMessage): string {
  return JSON.stringify(message).replace(/[\ufffe\uffff]/g, (code) => `\\u${code.charCodeAt(0).toString(16)}`);
}

async function recordRefused(store: Store, message: WorkMessage, why: string): Promise<void> {
  const { runId, item, name, fetch } = message;
  const error = new MessageRefusedError(`SQS does not accept the message of ${name}: ${why}`);
  await recordFailure(store, { runId, item, name, stage: fetch === undefined ? 'process' : 'transfer' }, error, 0);
}

async function* groups(
  messages: Iterable<WorkMessage> | AsyncIterable<WorkMessage>,
): AsyncGenerator<readonly WorkMessage[]> {
  let group: WorkMessage[] = [];
  let bytes = 0;
  for await (const message of messages) {
    const size = Buffer.byteLength(bodyOf(message));
    if (group.length === ENTRIES_PER_CALL || (group.length > 0 && bytes + size > BYTES_PER_CALL)) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(message);
    bytes += size;
  }
  if (group.length > 0) yield group;
}
