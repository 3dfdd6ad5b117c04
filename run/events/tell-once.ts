import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import * as z from 'zod';
import { readJson, type Store, writeOnce } from '../store.ts';
import { EVENT_SOURCE, type SluiceEvent } from './event.ts';

/** EventBridge took the request and refused the event. Sending it again may help. */
export class EventRefusedError extends Error {
  override readonly name = 'EventRefusedError';
}

/**
 * Sends an event to the account's default bus, and keeps that it was sent: a step that runs again sends nothing. Only where
 * the step dies between the two the event is sent twice.
 *
 * @param key of the object that says that it was sent.
 * @returns whether it was sent now.
 * @throws EventRefusedError with EventBridge's own word, and whatever else EventBridge or S3 answer; called again it goes on.
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
