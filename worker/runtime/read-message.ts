import type * as z from 'zod';
import { messageSchema, type WorkMessage } from '#run/fleet/message.ts';
import { RUN_ID_PATTERN } from '#run/ids.ts';
import { parseJson } from '#run/input/json-text.ts';
import { isTooDeep, MOST_LEVELS } from '#run/input/nesting.ts';
import { isOfNewerVersion } from '#run/newer-version.ts';

const ITEM_PATTERN = /^[0-9a-f]{32}$/;

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
    return { newer: problemsOf(parsed.error) };
  }
  const ref = refOf(value);
  if (ref === undefined) {
    return { unreadable: { problem: 'the message has no valid runId and item', ref: undefined } };
  }
  if (parsed === undefined) {
    return { unreadable: { problem: `the message is nested deeper than ${MOST_LEVELS} levels`, ref } };
  }
  if (parsed.success) return { message: parsed.data };
  return { unreadable: { problem: `the message doesn't fit: ${problemsOf(parsed.error)}`, ref } };
}

function problemsOf({ issues }: z.ZodError): string {
  return issues.map((issue) => `${issue.path.join('.') || '(root)'}: ${issue.message}`).join('; ');
}

function refOf(value: unknown): UnreadableMessage['ref'] {
  if (typeof value !== 'object' || value === null) return undefined;
  const { runId, item, name } = value as Record<string, unknown>;
  if (typeof runId !== 'string' || !RUN_ID_PATTERN.test(runId)) return undefined;
  if (typeof item !== 'string' || !ITEM_PATTERN.test(item)) return undefined;
  return { runId, item, name: typeof name === 'string' ? name : item };
}
