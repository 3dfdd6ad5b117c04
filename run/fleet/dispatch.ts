import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import pMap from 'p-map';
import type { Item, SourceItem } from '../item.ts';
import { itemName } from '../item.ts';
import { recordFailure } from '../ledger/record-failure.ts';
import type { Store } from '../store.ts';
import type { WorkMessage } from './message.ts';

export interface Queue {
  readonly client: SQSClient;
  readonly url: string;
}

/** SQS takes at most ten entries a call. */
const ENTRIES_PER_CALL = 10;
/** And one mebibyte in all; a message is a few hundred bytes, but work can carry more. */
const BYTES_PER_CALL = 900_000;
const ATTEMPTS = 4;
/** Calls at once. A call takes SQS some 10 ms, most of which its sender waits; a standard queue has no limit of its own. */
const CALLS_AT_ONCE = 8;

/** Messages that SQS did not take after several tries. */
export class DispatchError extends Error {
  override readonly name = 'DispatchError';
}

/** A message that SQS will never take, so that its item fails. */
class MessageRefusedError extends Error {
  override readonly name = 'MessageRefusedError';
}

/** The message of a planned item: what a worker needs to process it. Undefined for an item that gets no processor. */
export function messageOf(
  runId: string,
  item: Item,
  landed?: { readonly bucket: string; readonly bytes: number; readonly contentType?: string | undefined },
): WorkMessage | undefined {
  if (item.process === null) return undefined;
  const common = { v: 1, runId, item: item.id, name: itemName(item), process: item.process } as const;
  if (item.kind === 'work') return { ...common, input: item.input };
  if (landed === undefined) return undefined;
  const { bucket, bytes, contentType } = landed;
  return { ...common, object: { bucket, key: item.key, bytes, ...(contentType !== undefined && { contentType }) } };
}

/** What a message that carries a source names for its processor; no input can. */
export const FETCH = 'fetch';

/** The message that lets a worker land a source. */
export function fetchMessageOf(runId: string, item: SourceItem): WorkMessage {
  return { v: 1, runId, item: item.id, name: item.key, process: { processor: FETCH, options: {} }, fetch: item };
}

/** SQS's words for a message that it will never take. Any other refusal is about all of them. */
const NEVER_TAKEN = new Set(['InvalidMessageContents', 'InvalidParameterValue', 'MessageTooLong']);

/**
 * Hands items to the workers, several calls at once. Sending one twice does no harm: a worker looks at the ledger first.
 *
 * A message that SQS will not take, for what is in it or for its length, is recorded as the failure of its item; the others are sent.
 *
 * @param messages are read as they are sent, so that they may be more than the memory holds.
 * @throws DispatchError where SQS refuses entries again and again.
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

/** @returns the messages that SQS will never take. */
async function sendGroup(queue: Queue, group: readonly WorkMessage[]): Promise<Refused[]> {
  const refused: Refused[] = [];
  let open = [...group];
  for (let attempt = 1; ; attempt++) {
    const answer = await queue.client.send(
      new SendMessageBatchCommand({
        QueueUrl: queue.url,
        Entries: open.map((message, index) => ({
          Id: String(index),
          MessageBody: bodyOf(message),
          // Fair queues: a long run doesn't keep a short one waiting.
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
        throw new DispatchError(`${queue.url} took not all of ${group.length} messages: ${Code} ${Message}`);
      } else failed.push(message);
    }
    if (failed.length === 0) return refused;
    open = failed;
  }
}

/** JSON as SQS takes it: its messages are text of XML's characters, and two code points that JSON takes are none of them. */
function bodyOf(message: WorkMessage): string {
  return JSON.stringify(message).replace(/[\ufffe\uffff]/g, (code) => `\\u${code.charCodeAt(0).toString(16)}`);
}

async function recordRefused(store: Store, message: WorkMessage, why: string): Promise<void> {
  const { runId, item, name, fetch } = message;
  const error = new MessageRefusedError(`SQS does not take the message of ${name}: ${why}`);
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
