import type { Agent } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import { sendByLane } from './lane-transport.ts';
import type { SignedRequest } from './signature.ts';
import { StaleConnection } from './transport-errors.ts';

export interface SignedAnswer {
  readonly statusCode: number;
  readonly reason: string | undefined;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

/** Accepts a body piece by piece. A piece may be overwritten after its promise has resolved. */
export type WriteBody = (piece: Uint8Array) => Promise<void>;

export interface SendOptions {
  readonly agents: Agents;
  readonly signal: AbortSignal;
  /** Seconds without any progress while the body is written or the answer is awaited. */
  readonly stallSeconds: number;
  /** Ask before the body is sent, because S3 answered SlowDown and may do so again. */
  readonly askFirst: boolean;
  /** Called if a kept connection was dead and the request is sent again: it may have been done once. */
  readonly onStale?: (() => void) | undefined;
}

/** A client's agents for the two protocols. For a protocol without one, the engine uses connections of its own. */
export interface Agents {
  readonly http?: Agent | undefined;
  readonly https?: HttpsAgent | undefined;
}

/** Returns the client's own agents, with its certificates, proxy and limits, if it has some. */
export async function agentsOf(client: { readonly config: { readonly requestHandler: unknown } }): Promise<Agents> {
  const handler = client.config.requestHandler as {
    handle?(request: { protocol: string }, options: { abortSignal: AbortSignal }): Promise<unknown>;
    httpHandlerConfigs?: () => { httpAgent?: Agent; httpsAgent?: HttpsAgent };
  };
  // The SDK's handler makes its agents at its first request, and this request ends before it does anything.
  if (handler.httpHandlerConfigs !== undefined && handler.httpHandlerConfigs().httpAgent === undefined) {
    await handler.handle?.({ protocol: 'http:' }, { abortSignal: AbortSignal.abort() }).catch(() => {});
  }
  const { httpAgent: http, httpsAgent: https } = handler.httpHandlerConfigs?.() ?? {};
  return { http, https };
}

/**
 * Sends a signed request with a body that is written piece by piece, and reads the answer.
 *
 * It does not use the SDK's handler: with a stream as body, that handler crashes the process if the source fails, it
 * sends `Expect: 100-continue` for each part, and it has no limit on a stall.
 *
 * @throws what `body` throws, StaleConnection, the connection's own error, or the signal's reason.
 */
export async function sendSigned(
  signed: SignedRequest,
  body: (write: WriteBody) => Promise<void>,
  options: SendOptions,
): Promise<SignedAnswer> {
  options.signal.throwIfAborted();
  // The SDK asks S3 before each large body, which costs a round trip each time. The header is not signed.
  const { Expect: _, expect: __, ...headers } = signed.headers;
  const request = { ...signed, headers };
  const agent = signed.protocol === 'https:' ? options.agents.https : options.agents.http;
  if (agent === undefined && !options.askFirst) return sendByLane(request, body, options);
  // The deployed functions need this only after a SlowDown, so they do not load it at their start.
  const { sendByHttp } = await import('./http-transport.ts');
  return sendByHttp(request, body, options);
}

/** The same for a body that can be sent again: a kept connection that is dead costs nothing. */
export async function sendReplayable(
  signed: SignedRequest,
  body: (write: WriteBody) => Promise<void>,
  options: SendOptions,
): Promise<SignedAnswer> {
  try {
    return await sendSigned(signed, body, options);
  } catch (error) {
    if (!(error instanceof StaleConnection)) throw error;
    options.onStale?.();
    return sendSigned(signed, body, options);
  }
}

/** Sends a call whose body, if any, is in memory. */
export function sendCall(signed: SignedRequest, options: SendOptions): Promise<SignedAnswer> {
  const { body } = signed;
  return sendReplayable(
    signed,
    async (write) => {
      if (body !== undefined && body.length > 0) await write(typeof body === 'string' ? Buffer.from(body) : body);
    },
    options,
  );
}
