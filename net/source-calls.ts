import { channel } from 'node:diagnostics_channel';
import { redactUrl } from './redact.ts';

/** One request to a source, once its answer's head is there, or it has failed. */
export interface SourceCall {
  readonly url: string;
  /** Undefined where no answer came. */
  readonly status: number | undefined;
  readonly error: string | undefined;
  readonly milliseconds: number;
}

/** Who wants to know of requests to sources subscribes here. Without a subscriber nothing is measured. */
export const sourceCalls = channel('sluice:source');

/** Asks, and tells the subscribers how it went. */
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
