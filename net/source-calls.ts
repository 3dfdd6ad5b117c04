import { channel } from 'node:diagnostics_channel';
import { redactUrl } from './redact.ts';

/** One request to a source, reported when the head of its answer has arrived, or when it has failed. */
export interface SourceCall {
  readonly url: string;
  /** Undefined if no answer came. */
  readonly status: number | undefined;
  readonly error: string | undefined;
  readonly milliseconds: number;
}

/** Subscribe to this channel to receive all requests to sources. Without a subscriber, nothing is measured. */
export const sourceCalls = channel('sluice:source');

/** Sends a request, and reports its outcome to the subscribers. */
export async function tellingOfCall<T extends { readonly status: number }>(
  url: URL,
  ask: () => Promise<T>,
): Promise<T> {
  if (!sourceCalls.hasSubscribers) return ask();
  const began = performance.now();
  const tell = (status: number | undefined, error: string | undefined) => {
    const call: SourceCall = { url: redactUrl(url), status, error, milliseconds: performance.now() - began };
    sourceCalls.publish(call);
  };
  try {
    const answer = await ask();
    tell(answer.status, undefined);
    return answer;
  } catch (error) {
    tell(undefined, error instanceof Error ? error.name : String(error));
    throw error;
  }
}
