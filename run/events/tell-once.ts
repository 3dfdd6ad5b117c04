import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import * as z from 'zod';
import { readJson, type Store, writeOnce } from '../store.ts';
import { EVENT_SOURCE, type SluiceEvent } from './event.ts';

/** EventBridge accepted the request and refused the event. Sending it again may help. */
export class EventRefusedError extends Error {
  override readonly name = 'EventRefusedError';
}

/**
 * Sends an event to the account's default bus, and records that it was sent, so that a repeated step sends nothing.
 * Only if the step dies between the two, the event is sent twice.
 *
 * @param key of the object that records the sending.
 * @returns whether this call sent the event.
 * @throws EventRefusedError with EventBridge's message, and other errors of EventBridge or S3. A repeated call
 * continues.
 */
export async function tellOnce(
  store: Store,
  key: string,
  client: EventBridgeClient,
  { kind, at, resources, detail }: SluiceEvent,
): Promise<boolean> {
  if ((await readJson(store, key, z.unknown())) !== undefined) return false;
  const { Entries = [] } = await client.send(
    new PutEventsCommand({
      Entries: [
        {
          Source: EVENT_SOURCE,
          DetailType: kind,
          Time: at,
          Resources: [...resources],
          Detail: JSON.stringify(detail),
        },
      ],
    }),
  );
  const refused = Entries.find(({ ErrorCode }) => ErrorCode !== undefined);
  if (refused !== undefined) {
    throw new EventRefusedError(
      `EventBridge refused the event "${kind}" ${detail.id}: ${refused.ErrorCode}: ${refused.ErrorMessage}`,
    );
  }
  await writeOnce(store, key, { v: 1, id: detail.id, at: new Date().toISOString() });
  return true;
}
