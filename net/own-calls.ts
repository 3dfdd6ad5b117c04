import { channel } from 'node:diagnostics_channel';
import { redactUrl } from './redact.ts';

/**
 * One request over the engine's own connections, to a source or to S3, reported when its answer has come, or when it
 * has failed.
 */
export interface OwnCall {
  readonly method: string;
  readonly url: string;
  /** Undefined if no answer came. */
  readonly status: number | undefined;
  readonly error: string | undefined;
  readonly milliseconds: number;
}

/**
 * Subscribe to this channel to receive all requests over the engine's own connections. Without a subscriber, nothing is
 * measured.
 */
export const ownCalls = channel('sluice:call');

/** Sends a request, and reports its outcome to the subscribers. */
export async function tellingOfCall<T>(
  method: string,
  url: () => string,
  ask: () => Promise<T>,
  statusOf: (answer: T) => number,
): Promise<T> {
  if (!ownCalls.hasSubscribers) return ask();
  const began = performance.now();
  const tell = (status: number | undefined, error: string | undefined) => {
    const call: OwnCall = { method, url: redactUrl(url()), status, error, milliseconds: performance.now() - began };
    ownCalls.publish(call);
  };
  try {
    const answer = await ask();
    tell(statusOf(answer), undefined);
    return answer;
  } catch (error) {
    tell(undefined, error instanceof Error ? error.name : String(error));
    throw error;
  }
}
