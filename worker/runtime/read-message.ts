import * as z from 'zod';
import { messageSchema, type WorkMessage } from '#run/fleet/message.ts';
import { RUN_ID_PATTERN } from '#run/ids.ts';
import { parseJson } from '#run/input/json-text.ts';
import { isTooDeep, MOST_LEVELS } from '#run/input/nesting.ts';
import { itemIdSchema } from '#run/item.ts';
import { isOfNewerVersion, issuesText } from '#run/newer-version.ts';

const refSchema = z.object({
  runId: z.string().regex(RUN_ID_PATTERN),
  item: itemIdSchema,
  name: z.string().optional().catch(undefined),
});

/** A message that no worker can process. If its ids could be read, they say where the failure is recorded. */
export interface UnreadableMessage {
  readonly problem: string;
  readonly ref: { readonly runId: string; readonly item: string; readonly name: string } | undefined;
}

/**
 * Reads a message of the queue. Returns the message, or what this worker doesn't know in a newer version's message, or
 * why no worker can process it.
 *
 * The ids are checked strictly here too, because they become part of S3 keys: a message from elsewhere must not be able
 * to write outside the prefix of the runs.
 */
export function readMessage(
  body: string,
): { readonly message: WorkMessage } | { readonly newer: string } | { readonly unreadable: UnreadableMessage } {
  const value = parseJson(body);
  if (value === undefined) return { unreadable: { problem: 'the message is not JSON', ref: undefined } };
  const parsed = isTooDeep(value) ? undefined : messageSchema.safeParse(value);
  if (parsed?.success === false && isOfNewerVersion(value, parsed.error.issues)) {
    return { newer: issuesText(parsed.error.issues) };
  }
  const ref = refOf(value);
  if (ref === undefined) {
    return { unreadable: { problem: 'the message has no valid runId and item', ref: undefined } };
  }
  if (parsed === undefined) {
    return { unreadable: { problem: `the message is nested deeper than ${MOST_LEVELS} levels`, ref } };
  }
  if (parsed.success) return { message: parsed.data };
  return { unreadable: { problem: `the message doesn't fit: ${issuesText(parsed.error.issues)}`, ref } };
}

function refOf(value: unknown): UnreadableMessage['ref'] {
  const { data } = refSchema.safeParse(value);
  return data && { ...data, name: data.name ?? data.item };
}
