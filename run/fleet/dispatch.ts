import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Item, SourceItem } from '../item.ts';
import { itemName } from '../item.ts';
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

/** Messages that SQS did not take after several tries. */
export class DispatchError extends Error {
  override readonly name = 'DispatchError';
}

/** The message of a planned item: what a worker needs to process it. Undefined for an item that gets no processor. */
export function messageOf(
  runId: string,
  item: Item,
  landed?: { bucket: string; bytes: number },
): WorkMessage | undefined {
  if (item.process === null) return undefined;
  const common = { v: 1, runId, item: item.id, name: itemName(item), process: item.process } as const;
  if (item.kind === 'work') return { ...common, input: item.input };
  return landed === undefined ? undefined : { ...common, object: { ...landed, key: item.key } };
}

/** What a message that carries a source names for its processor; no input can. */
export const FETCH = 'fetch';

/** The message that lets a worker land a source. */
export function fetchMessageOf(runId: string, item: SourceItem): WorkMessage {
  return { v: 1, runId, item: item.id, name: item.key, process: { processor: FETCH, options: {} }, fetch: item };
}

/**
 * Hands items to the workers. Sending one twice does no harm: a worker looks at the ledger first.
 *
 * @throws DispatchError where SQS refuses entries again and again.
 */
export async function dispatch(queue: Queue, messages: readonly WorkMessage[]): Promise<void> {
  for (const group of groups(messages)) await sendGroup(queue, group);
}

async function sendGroup(queue: Queue, group: readonly WorkMessage[]): Promise<void> {
  let open = [...group];
  for (let attempt = 1; ; attempt++) {
    const answer = await queue.client.send(
      new SendMessageBatchCommand({
        QueueUrl: queue.url,
        Entries: open.map((message, index) => ({
          Id: String(index),
          MessageBody: JSON.stringify(message),
          // Fair queues: a long run doesn't keep a short one waiting.
          MessageGroupId: message.runId,
        })),
      }),
    );
    const failed = answer.Failed ?? [];
    if (failed.length === 0) return;
    if (attempt === ATTEMPTS || failed.some((entry) => entry.SenderFault)) {
      const first = failed[0];
      throw new DispatchError(
        `${failed.length} of ${group.length} messages were not taken by ${queue.url}: ${first?.Code} ${first?.Message}`,
      );
    }
    open = failed.flatMap((entry) => open[Number(entry.Id)] ?? []);
  }
}

function* groups(messages: readonly WorkMessage[]): Generator<WorkMessage[]> {
  let group: WorkMessage[] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = Buffer.byteLength(JSON.stringify(message));
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
