import { type Item, itemName, type SourceItem } from '../item.ts';
import type { WorkMessage } from './message.ts';

/**
 * Returns the message for a planned item: what a worker needs to process it. Returns undefined for an item without a
 * processor.
 */
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

/** The processor name in a message that carries a source. No input can name this processor. */
const FETCH = 'fetch';

/** The message that lets a worker land a source. */
export function fetchMessageOf(runId: string, item: SourceItem): WorkMessage {
  return { v: 1, runId, item: item.id, name: item.key, process: { processor: FETCH, options: {} }, fetch: item };
}
